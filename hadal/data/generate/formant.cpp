#include "hadal/data/generate/formant.h"

#include "hadal/core/random.h"
#include "hadal/data/generate/phonemes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace hadal::data {
namespace {

constexpr double kRate = static_cast<double>(kSpeechRate);
constexpr std::size_t kFrame = 20;  // samples for which the mouth stands still

struct Voice {
  double pitch;   ///< Hz
  double fall;    ///< the share of the pitch that the end of a word loses
  double tract;   ///< factor of all formants: 1 is a man's
  double speed;   ///< factor of all durations
  double jitter;  ///< relative deviation of a period, and of a pulse
  double breath;  ///< aspiration in all that is voiced
  double width;   ///< factor of the bandwidths
  double buzz;    ///< Hz, up to which the source is flat
};

Voice draw_voice(Random& random) {
  const double size = random.uniform();  // 0 a large man, 1 a child
  return {.pitch = 85 * std::pow(3.2, size) * random.uniform(0.85, 1.2),
          .fall = random.uniform(0.1, 0.45),
          .tract = (0.9 + 0.35 * size) * random.uniform(0.95, 1.05),
          .speed = random.uniform(0.7, 1.4),
          .jitter = random.uniform(0.005, 0.03),
          .breath = random.uniform(0.005, 0.08),
          .width = random.uniform(0.8, 1.8),
          .buzz = random.uniform(80, 300)};
}

/// A second-order resonator with gain 1 at 0 Hz (Klatt, 1980, equation 2).
class Resonator {
 public:
  void tune(double hz, double bandwidth) {
    hz = std::min(hz, 0.48 * kRate);
    const double radius = std::exp(-std::numbers::pi * bandwidth / kRate);
    c_ = -radius * radius;
    b_ = 2 * radius * std::cos(2 * std::numbers::pi * hz / kRate);
    a_ = 1 - b_ - c_;
  }
  /// Gain 1 at the resonance instead, about, for noise.
  void tune_band(double hz, double bandwidth) {
    tune(hz, bandwidth);
    a_ = 1 + c_;
  }
  double operator()(double x) {
    const double y = a_ * x + b_ * y1_ + c_ * y2_;
    y2_ = std::exchange(y1_, y);
    return y;
  }

 private:
  double a_ = 1, b_ = 0, c_ = 0, y1_ = 0, y2_ = 0;
};

/// The phonemes of a word as this voice says them: each a bit off.
std::vector<Phoneme> pronounced(std::span<const Phoneme> phonemes, const Voice& voice,
                                Random& random) {
  std::vector<Phoneme> result(phonemes.begin(), phonemes.end());
  for (auto& phoneme : result) {
    for (double& hz : phoneme.formants) hz *= voice.tract * random.uniform(0.93, 1.07);
    phoneme.milliseconds *= voice.speed * random.uniform(0.75, 1.3);
    phoneme.voice *= random.uniform(0.8, 1.1);
    phoneme.frication *= random.uniform(0.5, 1.6);
    phoneme.frication_hz *= random.uniform(0.85, 1.05);
  }
  return result;
}

double mix(double a, double b, double share) { return a + (b - a) * share; }

/// Where the mouth is at `milliseconds` of a word: formants glide over the 50 ms around a border of
/// two phonemes, and amplitudes over 15 ms.
Phoneme mouth_at(const std::vector<Phoneme>& word, double milliseconds) {
  std::size_t i = 0;
  double start = 0;
  while (i + 1 < word.size() && milliseconds >= start + word[i].milliseconds)
    start += word[i++].milliseconds;
  Phoneme mouth = word[i];
  const auto blend = [&](const Phoneme& other, double distance) {
    const double glide = std::max(0.0, 0.5 - distance / 50);
    const double fade = std::max(0.0, 0.5 - distance / 15);
    for (std::size_t f = 0; f < 3; ++f)
      mouth.formants[f] = mix(mouth.formants[f], other.formants[f], glide);
    mouth.voice = mix(mouth.voice, other.voice, fade);
    mouth.aspiration = mix(mouth.aspiration, other.aspiration, fade);
    mouth.frication = mix(mouth.frication, other.frication, fade);
    mouth.damping = mix(mouth.damping, other.damping, fade);
  };
  const double end = start + word[i].milliseconds;
  if (i > 0) blend(word[i - 1], milliseconds - start);
  if (i + 1 < word.size()) blend(word[i + 1], end - milliseconds);
  return mouth;
}

/// Pulses, one a period, lying between samples as it falls, smoothed by a low-pass of second order.
class Glottis {
 public:
  explicit Glottis(const Voice& voice) : voice_(voice) { shape_.tune(0, voice.buzz); }

  double operator()(double pitch, Random& random) {
    double pulse = std::exchange(rest_, 0);
    until_pulse_ -= 1;
    if (until_pulse_ < 0) {
      const double strength = 1 + voice_.jitter * 3 * random.normal();
      pulse += strength * (1 + until_pulse_);
      rest_ = -strength * until_pulse_;
      until_pulse_ += kRate / pitch * (1 + voice_.jitter * random.normal());
    }
    // The difference stands for the radiation from the lips.
    const double flow = shape_(pulse);
    return flow - std::exchange(before_, flow);
  }

 private:
  Voice voice_;
  Resonator shape_;
  double until_pulse_ = 0, rest_ = 0, before_ = 0;
};

class Synthesizer {
 public:
  explicit Synthesizer(const Voice& voice) : voice_(voice), glottis_(voice) {}

  Waveform say(const std::vector<Phoneme>& word, Random& random) {
    double milliseconds = 0;
    for (const auto& phoneme : word) milliseconds += phoneme.milliseconds;
    const auto frames =
        static_cast<std::size_t>(milliseconds / 1000 * kRate / static_cast<double>(kFrame));
    Waveform wave;
    wave.reserve(frames * kFrame);
    for (std::size_t frame = 0; frame < frames; ++frame) {
      const double share = static_cast<double>(frame) / static_cast<double>(frames);
      const Phoneme mouth = mouth_at(word, share * milliseconds);
      tune(mouth);
      const double pitch = voice_.pitch * (1 + voice_.fall * (0.3 - share));
      // Words start and end softly.
      const double loudness = std::min({1.0, 0.3 + 12 * share, 6 * (1 - share)});
      for (std::size_t i = 0; i < kFrame; ++i) {
        wave.push_back(static_cast<float>(loudness * sample(mouth, pitch, random)));
      }
    }
    return wave;
  }

 private:
  void tune(const Phoneme& mouth) {
    constexpr std::array<double, 3> kWidths = {65, 100, 160};
    for (std::size_t f = 0; f < 3; ++f)
      formants_[f].tune(mouth.formants[f], kWidths[f] * voice_.width * mouth.damping);
    formants_[3].tune(3500 * voice_.tract, 300 * voice_.width);
    frication_.tune_band(mouth.frication_hz, mouth.frication_width);
  }

  double sample(const Phoneme& mouth, double pitch, Random& random) {
    const double noise = random.uniform(-1, 1);
    const double breath = 0.15 * (mouth.aspiration + voice_.breath * mouth.voice);
    double sound = mouth.voice * 8 * glottis_(pitch, random) + breath * noise;
    for (auto& formant : formants_) sound = formant(sound);
    return sound + mouth.frication * 0.5 * frication_(random.uniform(-1, 1));
  }

  Voice voice_;
  Glottis glottis_;
  std::array<Resonator, 4> formants_;
  Resonator frication_;
};

}  // namespace

DigitWaves formant_digits(Random& random) {
  const Voice voice = draw_voice(random);
  DigitWaves waves;
  for (std::size_t digit = 0; digit < waves.size(); ++digit) {
    const auto word = pronounced(phonemes_of(digit, random.below(6)), voice, random);
    waves[digit] = Synthesizer(voice).say(word, random);
  }
  return waves;
}

}  // namespace hadal::data
