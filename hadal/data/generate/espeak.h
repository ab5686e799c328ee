#pragma once

#include "hadal/data/generate/waveform.h"

#include <array>
#include <compare>
#include <memory>
#include <string>

namespace hadal {
class Random;
}

namespace hadal::data {

/// The ten digits by one voice, at kSpeechRate.
using DigitWaves = std::array<Waveform, 10>;

/// A way to speak: a language, a variant of the voice, words a minute and pitch.
struct EspeakVoice {
  std::string name;  ///< as espeak-ng's -v takes it
  int speed = 175;
  int pitch = 50;
  auto operator<=>(const EspeakVoice&) const = default;
};

EspeakVoice draw_espeak_voice(Random& random);

/// "espeak-ng" and its version. Throws IoError where it cannot be run.
std::string espeak_source();

/// Runs espeak-ng, or returns what it gave for the same voice before; safe to call from several
/// threads. Throws IoError where it cannot be run, and FormatError where its output is not ten
/// words.
std::shared_ptr<const DigitWaves> espeak_digits(const EspeakVoice& voice);

}  // namespace hadal::data
