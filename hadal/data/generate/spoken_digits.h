#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::data {

struct Utterances {
  at::Tensor samples;            ///< fp32 [n, longest] in [-1, 1], zeros after an utterance's end
  at::Tensor lengths;            ///< int64 [n], samples
  at::Tensor labels;             ///< int64 [n], 0 to 9
  std::int64_t sample_rate = 0;  ///< Hz
  std::string source;            ///< "espeak-ng 1.51" or "formant synthesizer"
};

enum class SpeechEngine {
  automatic,  ///< espeak where it is installed and works, else formant
  espeak,     ///< the program espeak-ng, found on PATH
  formant     ///< the built-in cascade formant synthesizer
};

/// `count` utterances of the English digits at 8 kHz, in random order, each digit within one as
/// often as any other: many voices, speeds and pitches, then a random speed change, room, telephone
/// or microphone filter, noise, gain and silence around, so that what learns from them carries over
/// to real speakers. Deterministic for a seed and an engine (of espeak, a version).
///
/// Runs espeak-ng once for each voice, of which there are up to 300, and keeps its output in memory
/// for later calls; `automatic` falls back on the formant synthesizer with a warning where that
/// fails. Throws InvalidArgument for a count below 0, and Unsupported where `espeak` is asked for
/// and fails.
Utterances generate_spoken_digits(std::int64_t count, std::uint64_t seed,
                                  SpeechEngine engine = SpeechEngine::automatic);

}  // namespace hadal::data
