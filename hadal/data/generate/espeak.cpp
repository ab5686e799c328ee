#include "hadal/data/generate/espeak.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/run_program.h"
#include "hadal/data/readers/wav.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <span>

namespace hadal::data {
namespace {

constexpr std::chrono::seconds kLimit{20};
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr float kSilence = 0.005F;  // of the peak
constexpr double kGapSeconds = 0.2;

constexpr std::array<const char*, 10> kWords = {"zero", "one", "two",   "three", "four",
                                                "five", "six", "seven", "eight", "nine"};

constexpr auto kLanguages =
    std::to_array<const char*>({"en-us", "en-us-nyc", "en-gb", "en-gb-scotland", "en-gb-x-rp",
                                "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"});

constexpr auto kVariants = std::to_array<const char*>(
    {"m1",     "m2",       "m3",     "m4",     "m5",      "m6",      "m7",      "m8",
     "f1",     "f2",       "f3",     "f4",     "f5",      "klatt",   "klatt2",  "klatt3",
     "klatt4", "Alex",     "Alicia", "Andrea", "Andy",    "Annie",   "Denis",   "Diogo",
     "Gene",   "Henrique", "Hugo",   "Jacky",  "Lee",     "Marco",   "Mario",   "Michael",
     "Mike",   "Nguyen",   "adam",   "anika",  "antonio", "aunty",   "belinda", "benjamin",
     "boris",  "caleb",    "david",  "ed",     "edward",  "gustave", "iven",    "john",
     "linda",  "max",      "michel", "miguel", "norbert", "pablo",   "paul",    "pedro",
     "quincy", "rob",      "robert", "sandro", "shelby",  "steph",   "steph2",  "travis",
     "victor", "zac"});

/// Ten words with breaks between that are far longer than any silence within a word.
std::string text_of_digits() {
  std::string text = "<speak>";
  for (const char* word : kWords) text += concat(word, ".<break time=\"500ms\"/>");
  return text + "</speak>";
}

/// The parts of `wave` between silences of `gap` samples or more.
std::vector<Waveform> split(const Waveform& wave, std::int64_t gap) {
  const float threshold = kSilence * peak_of(wave);
  std::vector<Waveform> words;
  std::int64_t start = -1, end = 0;
  const auto finish = [&] {
    if (start >= 0) words.emplace_back(wave.begin() + start, wave.begin() + end);
  };
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(wave.size()); ++i) {
    if (std::abs(wave[static_cast<std::size_t>(i)]) <= threshold) continue;
    if (start < 0 || i - end >= gap) {
      finish();
      start = i;
    }
    end = i + 1;
  }
  finish();
  return words;
}

DigitWaves synthesize(const EspeakVoice& voice) {
  const std::string bytes =
      run_program({"espeak-ng", "-m", "-v", voice.name, "-s", std::to_string(voice.speed), "-p",
                   std::to_string(voice.pitch), "--stdout", text_of_digits()},
                  kLimit, kMaxBytes);
  const std::string source = concat("the output of espeak-ng -v ", voice.name);
  const Wav wav = parse_wav(std::as_bytes(std::span(bytes)), source);
  const at::Tensor mono = wav.samples[0].contiguous();
  const float* data = mono.const_data_ptr<float>();
  const auto words = split(Waveform(data, data + mono.numel()),
                           std::llround(kGapSeconds * static_cast<double>(wav.sample_rate)));
  DigitWaves digits;
  if (words.size() != digits.size()) {
    throw FormatError(
        concat(source, ": expected ten words with silence between, found ", words.size()));
  }
  const double step = static_cast<double>(wav.sample_rate) / static_cast<double>(kSpeechRate);
  std::transform(words.begin(), words.end(), digits.begin(),
                 [step](const Waveform& word) { return resampled(word, step); });
  return digits;
}

}  // namespace

EspeakVoice draw_espeak_voice(Random& random) {
  const char* language = kLanguages[random.below(kLanguages.size())];
  const char* variant = kVariants[random.below(kVariants.size())];
  // Steps of 10, so that calls with other seeds meet voices that are there already.
  return {concat(language, "+", variant), static_cast<int>(10 * random.between(12, 22)),
          static_cast<int>(10 * random.between(1, 8))};
}

std::string espeak_source() {
  const std::string text = run_program({"espeak-ng", "--version"}, kLimit, kMaxBytes);
  const auto digit = text.find_first_of("0123456789");
  if (digit == std::string::npos) return "espeak-ng";
  return "espeak-ng " + text.substr(digit, text.find_first_not_of("0123456789.", digit) - digit);
}

std::shared_ptr<const DigitWaves> espeak_digits(const EspeakVoice& voice) {
  static std::mutex mutex;
  static std::map<EspeakVoice, std::shared_ptr<const DigitWaves>> known;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = known.find(voice); found != known.end()) return found->second;
  }
  auto digits = std::make_shared<const DigitWaves>(synthesize(voice));
  const std::lock_guard lock(mutex);
  return known.emplace(voice, std::move(digits)).first->second;
}

}  // namespace hadal::data
