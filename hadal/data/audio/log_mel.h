#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::data {

struct LogMelOptions {
  std::int64_t sample_rate = 8000;  ///< Hz
  std::int64_t fft = 256;           ///< points of each transform, even
  std::int64_t window = 200;        ///< samples of the Hann window, centred in `fft`; at most `fft`
  std::int64_t hop = 80;            ///< samples between frames
  std::int64_t mels = 40;           ///< bands
  double low = 0;                   ///< Hz, where the lowest band starts
  double high = 4000;               ///< Hz, where the highest band ends; at most sample_rate / 2
  double log_offset = 1e-6;         ///< added to a band's power before the logarithm
};

/// Log-mel features by torchaudio's formula: log(MelSpectrogram(x) + log_offset) with its defaults,
/// which are a periodic Hann window, frames centred on multiples of `hop` with the ends reflected,
/// power 2, the HTK mel scale, and triangles that are not normalized. Within 1e-4 of torchaudio.
class LogMel {
 public:
  /// Throws InvalidArgument, naming the option and its range, for options out of range.
  explicit LogMel(const LogMelOptions& options = {});

  /// Samples, fp32 [b, n] with n > fft / 2, to features, fp32 [b, mels, frames(n)]. Throws
  /// InvalidArgument for another type or shape.
  at::Tensor operator()(const at::Tensor& samples) const;

  /// Features of padded utterances: `lengths` int64 [b] is the number of samples of each, more than
  /// fft / 2 and at most n. Each is reflected at its own end, so that its first frames(length)
  /// frames are those that it has alone, whatever follows it; the frames after are zeros. Throws
  /// InvalidArgument as above and for lengths out of range.
  at::Tensor operator()(const at::Tensor& samples, const at::Tensor& lengths) const;

  /// The frames of `length` samples: 1 + length / hop, rounded down.
  std::int64_t frames(std::int64_t length) const { return 1 + length / options_.hop; }
  /// The same of each element.
  at::Tensor frames(const at::Tensor& lengths) const;

  const LogMelOptions& options() const { return options_; }

 private:
  at::Tensor features_of_padded(const at::Tensor& padded) const;

  LogMelOptions options_;
  at::Tensor window_;   ///< fp32 [fft]
  at::Tensor filters_;  ///< fp32 [mels, fft / 2 + 1]
};

}  // namespace hadal::data
