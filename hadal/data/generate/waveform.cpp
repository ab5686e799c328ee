#include "hadal/data/generate/waveform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hadal::data {
namespace {

constexpr int kCrossings = 12;
constexpr int kPointsACrossing = 256;

/// One side of the windowed sinc, at distances of 1 / kPointsACrossing crossings.
std::vector<float> make_kernel() {
  std::vector<float> kernel(kCrossings * kPointsACrossing + 1);
  kernel[0] = 1;
  for (std::size_t i = 1; i < kernel.size(); ++i) {
    const double x = std::numbers::pi * static_cast<double>(i) / kPointsACrossing;
    kernel[i] = static_cast<float>(std::sin(x) / x * (0.5 + 0.5 * std::cos(x / kCrossings)));
  }
  return kernel;
}

}  // namespace

float peak_of(const Waveform& wave) {
  float peak = 0;
  for (const float sample : wave) peak = std::max(peak, std::abs(sample));
  return peak;
}

Waveform trimmed(const Waveform& wave, float level) {
  const float threshold = level * peak_of(wave);
  const auto loud = [&](float sample) { return std::abs(sample) > threshold; };
  const auto first = std::find_if(wave.begin(), wave.end(), loud);
  const auto last = std::find_if(wave.rbegin(), wave.rend(), loud).base();
  return first < last ? Waveform(first, last) : Waveform();
}

Waveform resampled(const Waveform& wave, double step) {
  static const std::vector<float> kernel = make_kernel();
  const double cutoff = std::min(1.0, 1.0 / step);
  const double reach = kCrossings / cutoff;
  const double scale = cutoff * kPointsACrossing;
  const auto size = static_cast<std::int64_t>(wave.size());
  Waveform result(static_cast<std::size_t>(static_cast<double>(size) / step));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double centre = static_cast<double>(i) * step;
    const auto first = std::max<std::int64_t>(0, std::llround(std::ceil(centre - reach)));
    const auto last = std::min<std::int64_t>(size - 1, std::llround(std::floor(centre + reach)));
    double sum = 0;
    for (std::int64_t k = first; k <= last; ++k) {
      const auto place =
          static_cast<std::size_t>(std::lround(std::abs(static_cast<double>(k) - centre) * scale));
      sum += static_cast<double>(wave[static_cast<std::size_t>(k)]) *
             static_cast<double>(kernel[std::min(place, kernel.size() - 1)]);
    }
    result[i] = static_cast<float>(sum * cutoff);
  }
  return result;
}

}  // namespace hadal::data
