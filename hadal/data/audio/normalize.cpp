#include "hadal/data/audio/normalize.h"

#include "hadal/core/error.h"
#include "hadal/data/audio/input_check.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

namespace hadal::data {

at::Tensor normalize_utterances(const at::Tensor& features, const at::Tensor& lengths,
                                double floor) {
  require_batch("normalize_utterances: features", features, 3);
  require_lengths("normalize_utterances: lengths", lengths, features.size(0), 1, features.size(2));
  if (!(floor > 0)) {
    throw InvalidArgument(concat("normalize_utterances: expected a floor above 0, got ", floor));
  }
  const at::Tensor after_end =
      (at::arange(features.size(2), lengths.options()).unsqueeze(0) >= lengths.unsqueeze(1))
          .unsqueeze(1);
  const at::Tensor counts = lengths.to(at::kFloat).reshape({-1, 1, 1});
  const at::Tensor mean = features.masked_fill(after_end, 0).sum(2, /*keepdim=*/true) / counts;
  const at::Tensor centred = (features - mean).masked_fill(after_end, 0);
  const at::Tensor deviation = (centred.square().sum(2, /*keepdim=*/true) / counts).sqrt();
  return centred / deviation.clamp_min(floor);
}

}  // namespace hadal::data
