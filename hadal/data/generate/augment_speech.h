#pragma once

#include "hadal/data/generate/waveform.h"

namespace hadal {
class Random;
}

namespace hadal::data {

/// What happens to speech on the way to a file, at random: another speed (and with it pitch and
/// vocal tract), a cut or silent start and end, a room, a microphone or telephone, saturation,
/// noise and gain. `wave` at kSpeechRate; the result is within [-1, 1] and not empty.
Waveform augment_speech(const Waveform& wave, Random& random);

}  // namespace hadal::data
