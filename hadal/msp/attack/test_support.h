#pragma once

#include "hadal/msp/attack/attack.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

/// What the tests of msp share; never installed.
namespace hadal::msp::testing {

/// Logits x . w + b, row by row in fp64 or the inputs' type, so that no row's rounding depends on
/// the others.
struct Linear {
  at::Tensor weights;  // fp64 [classes, d]
  at::Tensor biases;   // fp64 [classes]

  Classifier classifier() const {
    return [*this](const at::Tensor& x) {
      const at::Tensor w = weights.to(x.scalar_type());
      return (x.flatten(1).unsqueeze(1) * w).sum(2) + biases.to(x.scalar_type());
    };
  }
};

inline Linear random_linear(std::int64_t classes, std::int64_t size, std::uint64_t seed) {
  at::manual_seed(seed);
  return {at::randn({classes, size}, at::kDouble), at::randn({classes}, at::kDouble) * 0.1};
}

/// Two linear layers with a smooth bend, from images [n, 2, 6, 6] to 5 logits.
inline Classifier bent(std::uint64_t seed) {
  const Linear first = random_linear(16, 72, seed);
  const Linear second = random_linear(5, 16, seed + 1);
  return [=](const at::Tensor& x) {
    return second.classifier()((first.classifier()(x - 0.5) * 0.5).tanh());
  };
}

inline at::Tensor random_images(std::int64_t count, std::uint64_t seed,
                                at::ScalarType type = at::kFloat) {
  at::manual_seed(seed);
  return at::rand({count, 2, 6, 6}, at::kDouble).to(type);
}

inline at::Tensor predicted(const Classifier& classifier, const at::Tensor& inputs) {
  const at::NoGradGuard no_grad;
  return classifier(inputs).argmax(1);
}

inline std::int64_t count(const at::Tensor& mask) { return mask.sum().item<std::int64_t>(); }

/// Fails unless every point is within the threat, computed in fp64.
inline void expect_within(const Threat& threat, const at::Tensor& points,
                          const at::Tensor& inputs) {
  EXPECT_LE(distance(threat.norm, points, inputs).max().item<double>(), threat.epsilon);
  const at::Tensor values = points.to(at::kDouble);
  EXPECT_GE(values.min().item<double>(), threat.low);
  EXPECT_LE(values.max().item<double>(), threat.high);
}

}  // namespace hadal::msp::testing
