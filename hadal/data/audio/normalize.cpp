#include "hadal/data/audio/normalize.h"

#include "hadal/data/audio/input_check.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

namespace hadal::data {

at::Tensor normalize_peaks(const at::Tensor& samples) {
  require_batch("normalize_peaks: samples", samples, 2);
  const at::Tensor peaks = samples.abs().amax(1, /*keepdim=*/true);
  return samples / peaks.clamp_min(std::numeric_limits<float>::min());
}

at::Tensor normalize_utterances(const at::Tensor& features, const at::Tensor& lengths) {
  constexpr double kLeastDeviation = 0.1;
  require_batch("normalize_utterances: features", features, 3);
  require_lengths("normalize_utterances: lengths", lengths, features.size(0), 1, features.size(2));
  const at::Tensor after_end =
      (at::arange(features.size(2), lengths.options()).unsqueeze(0) >= lengths.unsqueeze(1))
          .unsqueeze(1);
  const at::Tensor counts = (lengths * features.size(1)).to(at::kFloat).reshape({-1, 1, 1});
  const auto mean = [&](const at::Tensor& x) {
    return x.masked_fill(after_end, 0).sum({1, 2}, /*keepdim=*/true) / counts;
  };
  const at::Tensor centred = features - mean(features);
  const at::Tensor deviation = mean(centred.square()).sqrt().clamp_min(kLeastDeviation);
  return (centred / deviation).masked_fill(after_end, 0);
}

}  // namespace hadal::data
