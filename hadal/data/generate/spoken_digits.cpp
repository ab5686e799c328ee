#include "hadal/data/generate/spoken_digits.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/augment_speech.h"
#include "hadal/data/generate/balanced_labels.h"
#include "hadal/data/generate/espeak.h"
#include "hadal/data/generate/formant.h"

#include <algorithm>

#include <ATen/ops/zeros.h>

namespace hadal::data {
namespace {

/// Voices a set has at most. More takes longer to synthesize and adds little.
constexpr std::int64_t kMostVoices = 300;
constexpr std::int64_t kUtterancesAVoice = 10;

/// Waves of the ten digits by each of `count` voices.
std::vector<std::shared_ptr<const DigitWaves>> speak(std::int64_t count, std::uint64_t seed,
                                                     bool espeak) {
  std::vector<std::shared_ptr<const DigitWaves>> voices;
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(seed, espeak ? "espeak voice" : "formant voice", static_cast<std::uint64_t>(i));
    voices.push_back(espeak ? espeak_digits(draw_espeak_voice(random))
                            : std::make_shared<const DigitWaves>(formant_digits(random)));
  }
  return voices;
}

Utterances collate(const std::vector<Waveform>& waves, const std::vector<std::int64_t>& labels) {
  const auto count = static_cast<std::int64_t>(waves.size());
  std::size_t longest = 0;
  for (const auto& wave : waves) longest = std::max(longest, wave.size());
  Utterances result{at::zeros({count, static_cast<std::int64_t>(longest)}, at::kFloat),
                    at::zeros({count}, at::kLong), at::zeros({count}, at::kLong), kSpeechRate, ""};
  auto* samples = result.samples.mutable_data_ptr<float>();
  auto* lengths = result.lengths.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < waves.size(); ++i) {
    std::copy(waves[i].begin(), waves[i].end(), samples + i * longest);
    lengths[i] = static_cast<std::int64_t>(waves[i].size());
  }
  std::copy(labels.begin(), labels.end(), result.labels.mutable_data_ptr<std::int64_t>());
  return result;
}

Utterances generate(std::int64_t count, std::uint64_t seed, bool espeak) {
  const std::string source = espeak ? espeak_source() : "formant synthesizer";
  const std::int64_t wanted = (count + kUtterancesAVoice - 1) / kUtterancesAVoice;
  const auto voices = speak(std::min(kMostVoices, wanted), seed, espeak);
  const auto labels = balanced_labels(count, seed);
  std::vector<Waveform> waves(labels.size());
  for (std::size_t i = 0; i < waves.size(); ++i) {
    Random random(seed, "speech augmentation", i);
    const auto& voice = *voices[random.below(voices.size())];
    waves[i] = augment_speech(voice[static_cast<std::size_t>(labels[i])], random);
  }
  Utterances result = collate(waves, labels);
  result.source = source;
  return result;
}

}  // namespace

Utterances generate_spoken_digits(std::int64_t count, std::uint64_t seed, SpeechEngine engine) {
  if (count < 0) {
    throw InvalidArgument(
        concat("generate_spoken_digits: expected a count of 0 or more, got ", count));
  }
  if (engine == SpeechEngine::formant) return generate(count, seed, false);
  try {
    return generate(count, seed, true);
  } catch (const Error& error) {
    if (engine == SpeechEngine::espeak) {
      throw Unsupported(concat("generate_spoken_digits: espeak-ng does not work: ", error.what()),
                        "install the package espeak-ng, or use the formant synthesizer");
    }
    log(LogLevel::warning, concat("speech comes from the built-in formant synthesizer, because "
                                  "espeak-ng does not work: ",
                                  error.what()));
    return generate(count, seed, false);
  }
}

}  // namespace hadal::data
