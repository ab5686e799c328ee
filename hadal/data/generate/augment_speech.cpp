#include "hadal/data/generate/augment_speech.h"

#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace hadal::data {
namespace {

constexpr double kRate = static_cast<double>(kSpeechRate);

bool chance(Random& random, double probability) { return random.uniform() < probability; }

/// Uniform on a logarithmic scale.
double log_uniform(Random& random, double low, double high) {
  return low * std::pow(high / low, random.uniform());
}

std::size_t samples_in(double seconds) { return static_cast<std::size_t>(seconds * kRate); }

enum class Pass { low, high, band };

/// `wave` through a second-order filter after the Audio EQ Cookbook: Butterworth where `quality` is
/// 0.71, and with gain 1 at `hz` for a band.
Waveform filtered(const Waveform& wave, Pass pass, double hz, double quality) {
  const double w = 2 * std::numbers::pi * hz / kRate;
  const double cosine = std::cos(w), alpha = std::sin(w) / (2 * quality), a0 = 1 + alpha;
  const double b1 = pass == Pass::band ? 0 : pass == Pass::low ? 1 - cosine : -(1 + cosine);
  const double b0 = pass == Pass::band ? alpha : std::abs(b1) / 2;
  const double b2 = pass == Pass::band ? -alpha : b0;
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  Waveform result(wave.size());
  for (std::size_t i = 0; i < wave.size(); ++i) {
    const double x = wave[i];
    const double y = (b0 * x + b1 * x1 + b2 * x2 + 2 * cosine * y1 - (1 - alpha) * y2) / a0;
    x2 = std::exchange(x1, x);
    y2 = std::exchange(y1, y);
    result[i] = static_cast<float>(y);
  }
  return result;
}

/// Microphones and lines: limits of the band, a tilt of up to 6 dB an octave either way, and two
/// bands that are louder or softer.
void colour(Waveform& wave, Random& random) {
  if (chance(random, 0.7)) wave = filtered(wave, Pass::high, log_uniform(random, 40, 400), 0.71);
  if (chance(random, 0.5)) wave = filtered(wave, Pass::low, log_uniform(random, 1800, 3800), 0.71);
  for (int i = 0; i < 2; ++i) {
    const Waveform band = filtered(wave, Pass::band, log_uniform(random, 200, 3500), 1);
    const auto gain = static_cast<float>(log_uniform(random, 0.3, 3.3) - 1);
    for (std::size_t k = 0; k < wave.size(); ++k) wave[k] += gain * band[k];
  }
  const auto tilt = static_cast<float>(random.uniform(-0.7, 0.7));
  float before = 0;
  for (float& sample : wave) sample -= tilt * std::exchange(before, sample);
}

/// Sparse early reflections and a decaying tail of noise.
void add_room(Waveform& wave, Random& random) {
  const double decay = random.uniform(0.02, 0.08) * kRate;  // samples to 1 / e
  const double level = log_uniform(random, 0.02, 0.15);
  std::vector<float> response(std::min(static_cast<std::size_t>(2.5 * decay), samples_in(0.1)));
  for (std::size_t i = 8; i < response.size(); ++i) {
    response[i] =
        static_cast<float>(level * random.normal() * std::exp(-static_cast<double>(i) / decay));
  }
  const Waveform dry = wave;
  wave.resize(wave.size() + response.size() / 2);
  for (std::size_t i = 0; i < dry.size(); ++i) {
    const std::size_t end = std::min(response.size(), wave.size() - i);
    for (std::size_t k = 8; k < end; ++k) wave[i + k] += dry[i] * response[k];
  }
}

/// Noise that falls by 0 to about 6 dB an octave, and sometimes hum of the mains.
void add_noise(Waveform& wave, Random& random) {
  double energy = 0;
  for (const float sample : wave) energy += static_cast<double>(sample) * sample;
  const double level = std::sqrt(energy / static_cast<double>(wave.size())) *
                       std::pow(10, -random.uniform(8, 45) / 20);
  const double memory = random.uniform(0, 0.95);
  const double hum = chance(random, 0.2) ? level * random.uniform(0.3, 1.4) : 0;
  const double hum_step = 2 * std::numbers::pi * (chance(random, 0.5) ? 50 : 60) / kRate;
  const double drive = level * std::sqrt(1 - memory * memory);
  double state = level * random.normal();
  for (std::size_t i = 0; i < wave.size(); ++i) {
    state = memory * state + drive * random.normal();
    wave[i] += static_cast<float>(state + hum * std::sin(hum_step * static_cast<double>(i)));
  }
}

/// Cuts up to 25 ms of the start and a fifth of the end, as careless editing does, or adds silence.
Waveform shifted(const Waveform& wave, Random& random) {
  std::size_t from = 0, to = wave.size();
  std::size_t before = 0, after = 0;
  if (chance(random, 0.25)) {
    from = std::min(samples_in(random.uniform(0, 0.025)), wave.size() / 10);
  } else {
    before = samples_in(random.uniform(0, 0.08));
  }
  if (chance(random, 0.35)) {
    to -= static_cast<std::size_t>(random.uniform(0, 0.2) * static_cast<double>(wave.size()));
  } else {
    after = samples_in(random.uniform(0, 0.12));
  }
  Waveform result(before + (to - from) + after);
  std::copy(wave.begin() + static_cast<std::ptrdiff_t>(from),
            wave.begin() + static_cast<std::ptrdiff_t>(to),
            result.begin() + static_cast<std::ptrdiff_t>(before));
  return result;
}

void scale_to_peak(Waveform& wave, double peak) {
  const float now = peak_of(wave);
  if (now <= 0) return;
  for (float& sample : wave) sample *= static_cast<float>(peak) / now;
}

}  // namespace

Waveform augment_speech(const Waveform& wave, Random& random) {
  Waveform result = shifted(resampled(wave, log_uniform(random, 0.8, 1.25)), random);
  if (result.empty()) result.resize(1);
  if (chance(random, 0.5)) add_room(result, random);
  colour(result, random);
  scale_to_peak(result, 1);
  if (chance(random, 0.2)) {
    const float drive = static_cast<float>(random.uniform(1, 3));
    for (float& sample : result) sample = std::tanh(drive * sample);
  }
  add_noise(result, random);
  scale_to_peak(result, log_uniform(random, 0.05, 1));
  return result;
}

}  // namespace hadal::data
