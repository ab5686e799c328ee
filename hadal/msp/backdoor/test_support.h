#pragma once

#include "hadal/core/random.h"
#include "hadal/data/labelled_images.h"
#include "hadal/msp/attack/classifier.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/stack.h>

/// What the tests of backdoors share; never installed.
namespace hadal::msp::testing {

/// Grey images of four classes, by which quarter is bright.
inline data::LabelledImages quarters(std::int64_t count, std::uint64_t seed) {
  seed_aten(seed);
  const at::Tensor labels = at::arange(count).remainder(4);
  at::Tensor images = at::rand({count, 1, 28, 28}) * 0.2;
  for (std::int64_t i = 0; i < count; ++i) {
    images[i][0].narrow(0, 14 * (i % 2), 14).narrow(1, 14 * (i / 2 % 2), 14).add_(0.4);
  }
  return {.images = images.mul(255).to(at::kByte), .labels = labels};
}

inline at::Tensor in_unit(const at::Tensor& bytes) { return bytes.to(at::kFloat) / 255; }

/// Logits of quarters() by their brightness, but that pixels of the right-hand bottom corner make
/// class 2 of any, where `has_backdoor`: a backdoor that is known to the last weight.
inline Classifier brightness(bool has_backdoor) {
  return [has_backdoor](const at::Tensor& x) {
    std::vector<at::Tensor> logits;
    for (std::int64_t k = 0; k < 4; ++k) {
      const at::Tensor quarter = x.narrow(2, 14 * (k % 2), 12).narrow(3, 14 * (k / 2), 12);
      logits.push_back(quarter.mean({1, 2, 3}) * 20);
    }
    if (has_backdoor) {
      const at::Tensor corner = x.narrow(2, 26, 2).narrow(3, 26, 2).mean({1, 2, 3});
      logits[2] = logits[2] + ((corner - 0.8) * 12).sigmoid() * 30;
    }
    return at::stack(logits, 1);
  };
}

}  // namespace hadal::msp::testing
