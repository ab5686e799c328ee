#include "hadal/data/audio/augment.h"

#include "hadal/data/audio/input_check.h"

#include <algorithm>

namespace hadal::data {
namespace {

constexpr int kBands = 2;
constexpr std::int64_t kWidestBand = 6;
constexpr std::int64_t kLongestStretch = 8;

/// Sets up to `most` neighbours among the first `size` of dimension `dim` to 0.
void mask(at::Tensor x, std::int64_t dim, std::int64_t size, std::int64_t most, Random& random) {
  const std::int64_t width = random.between(0, std::min(most, size));
  const std::int64_t start = random.between(0, size - width);
  x.narrow(dim, start, width).zero_();
}

}  // namespace

at::Tensor mask_features(const at::Tensor& features, const at::Tensor& lengths, Random& random) {
  require_batch("mask_features: features", features, 3);
  require_lengths("mask_features: lengths", lengths, features.size(0), 1, features.size(2));
  at::Tensor result = features.clone();
  for (std::int64_t i = 0; i < features.size(0); ++i) {
    const at::Tensor one = result[i];
    for (int band = 0; band < kBands; ++band) mask(one, 0, one.size(0), kWidestBand, random);
    const auto length = lengths[i].item<std::int64_t>();
    mask(one, 1, length, std::min(kLongestStretch, (length - 1) / 2), random);
  }
  return result;
}

}  // namespace hadal::data
