#include "hadal/data/audio/log_mel.h"

#include "hadal/core/error.h"
#include "hadal/data/audio/input_check.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/full.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/pow.h>

namespace hadal::data {
namespace {

void require(bool holds, const char* expected, double found) {
  if (!holds) throw InvalidArgument(concat("LogMel: expected ", expected, ", got ", found));
}

LogMelOptions checked(const LogMelOptions& options) {
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const double nyquist = real(options.sample_rate) / 2;
  require(options.sample_rate >= 1 && options.sample_rate <= 1'000'000,
          "a sample_rate of 1 to 1,000,000 Hz", real(options.sample_rate));
  require(options.fft >= 2 && options.fft <= 65536 && options.fft % 2 == 0,
          "an even fft of 2 to 65,536 points", real(options.fft));
  require(options.window >= 1 && options.window <= options.fft,
          "a window of 1 sample to the fft's length", real(options.window));
  require(options.hop >= 1 && options.hop <= 65536, "a hop of 1 to 65,536 samples",
          real(options.hop));
  require(options.mels >= 1 && options.mels <= 512, "1 to 512 mels", real(options.mels));
  require(options.low >= 0 && options.low < options.high, "a low frequency of 0 Hz to below `high`",
          options.low);
  require(options.high <= nyquist, "a high frequency of at most half the sample_rate",
          options.high);
  require(options.log_offset > 0 && std::isfinite(options.log_offset), "a log_offset above 0",
          options.log_offset);
  return options;
}

/// A Hann window with zeros on both sides up to `fft` points, as stft() pads it. The right side has
/// the larger share.
at::Tensor make_window(const LogMelOptions& options) {
  const std::int64_t left = (options.fft - options.window) / 2;
  return at::constant_pad_nd(at::hann_window(options.window),
                             {left, options.fft - options.window - left});
}

double hz_to_mel(double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); }

/// torchaudio.functional.melscale_fbanks, transposed. In single precision and in the same order of
/// operations, because a bin at the very edge of a triangle weighs what the rounding makes of it.
at::Tensor make_filters(const LogMelOptions& options) {
  const double half_rate = static_cast<double>(options.sample_rate / 2);
  const at::Tensor bins = at::linspace(0, half_rate, options.fft / 2 + 1, at::kFloat);
  const at::Tensor mel_points =
      at::linspace(hz_to_mel(options.low), hz_to_mel(options.high), options.mels + 2, at::kFloat);
  const at::Tensor points = 700.0 * (at::pow(10.0, mel_points / 2595.0) - 1.0);
  const at::Tensor widths =
      (points.narrow(0, 1, options.mels + 1) - points.narrow(0, 0, options.mels + 1)).unsqueeze(1);
  const at::Tensor slopes = points.unsqueeze(1) - bins.unsqueeze(0);  // [mels + 2, bins]
  const at::Tensor down = -slopes.narrow(0, 0, options.mels) / widths.narrow(0, 0, options.mels);
  const at::Tensor up = slopes.narrow(0, 2, options.mels) / widths.narrow(0, 1, options.mels);
  return at::minimum(down, up).clamp_min(0).contiguous();
}

/// Which sample lies at each place of the utterance with fft / 2 more on both sides, reflected at
/// its first and at its last sample: int64 [b, n + fft].
at::Tensor reflected(const at::Tensor& lengths, std::int64_t n, std::int64_t fft) {
  const std::int64_t pad = fft / 2;
  const at::Tensor from_start = at::arange(-pad, n + pad, lengths.options()).abs().unsqueeze(0);
  const at::Tensor from_end = 2 * (lengths.unsqueeze(1) - 1) - from_start;
  return at::minimum(from_start, from_end.abs()).clamp(0, n - 1);
}

}  // namespace

LogMel::LogMel(const LogMelOptions& options)
    : options_(checked(options)),
      window_(make_window(options_)),
      filters_(make_filters(options_)) {}

at::Tensor LogMel::operator()(const at::Tensor& samples) const {
  require_batch("LogMel: samples", samples, 2);
  return (*this)(samples, at::full({samples.size(0)}, samples.size(1), at::kLong));
}

at::Tensor LogMel::operator()(const at::Tensor& samples, const at::Tensor& lengths) const {
  require_batch("LogMel: samples", samples, 2);
  require_lengths("LogMel: lengths", lengths, samples.size(0), options_.fft / 2 + 1,
                  samples.size(1));
  const at::Tensor places = reflected(lengths, samples.size(1), options_.fft);
  const at::Tensor features = features_of_padded(samples.gather(1, places));
  const at::Tensor after_end =
      at::arange(features.size(2), lengths.options()).unsqueeze(0) >= frames(lengths).unsqueeze(1);
  return features.masked_fill(after_end.unsqueeze(1), 0);
}

at::Tensor LogMel::frames(const at::Tensor& lengths) const {
  return lengths.floor_divide(options_.hop) + 1;
}

/// fp32 [b, n + fft] to [b, mels, frames(n)]. The transform is in double precision, because the
/// rounding of a loud tone would drown the quiet bands beside it.
at::Tensor LogMel::features_of_padded(const at::Tensor& padded) const {
  const at::Tensor frames = padded.to(at::kDouble).unfold(1, options_.fft, options_.hop) * window_;
  const at::Tensor power = at::fft_rfft(frames).abs().square();
  const at::Tensor bands = at::matmul(filters_, power.to(at::kFloat).transpose(1, 2));
  return (bands + options_.log_offset).log();
}

}  // namespace hadal::data
