#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace hadal::data {

/// What the mouth does for a while. Formants are those of a man; Peterson and Barney (1952) for the
/// vowels, Klatt (1980) for the rest.
struct Phoneme {
  std::array<double, 3> formants;  ///< Hz
  double milliseconds;
  double voice;                   ///< amplitude of the glottal pulses, 0 to 1
  double aspiration = 0;          ///< of noise through the formants
  double frication = 0;           ///< of noise through a resonator of its own
  double frication_hz = 3000;     ///< that resonator's frequency ...
  double frication_width = 1500;  ///< ... and bandwidth
  double damping = 1;             ///< of the formants: above 1 for nasals
};

/// The phonemes of `digit` (0 to 9) in pronunciation `accent`, taken modulo the number there are.
std::span<const Phoneme> phonemes_of(std::size_t digit, std::size_t accent);

}  // namespace hadal::data
