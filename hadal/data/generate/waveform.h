#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hadal::data {

/// Mono samples, of about [-1, 1], at a rate that goes with them by convention.
using Waveform = std::vector<float>;

/// The rate of everything that the generators hand out, in Hz.
inline constexpr std::int64_t kSpeechRate = 8000;

/// The largest magnitude, 0 of no samples.
float peak_of(const Waveform& wave);

/// `wave` without the ends that stay below `level` times its peak.
Waveform trimmed(const Waveform& wave, float level);

/// Band-limited interpolation at every `step`-th sample (0.1 to 10; above 1 is shorter), by a sinc
/// under a Hann window of 12 zero crossings a side, cut off at the lower of both Nyquist
/// frequencies.
Waveform resampled(const Waveform& wave, double step);

}  // namespace hadal::data
