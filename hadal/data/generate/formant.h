#pragma once

#include "hadal/data/generate/espeak.h"

namespace hadal::data {

/// The ten digits by one random voice of a cascade formant synthesizer after Klatt (1980), much
/// reduced: a glottal pulse train with jitter, and aspiration, through four resonators in series,
/// and frication noise through one beside them. The voice has a pitch, a length of the vocal tract,
/// a speed, and an accent of its own.
DigitWaves formant_digits(Random& random);

}  // namespace hadal::data
