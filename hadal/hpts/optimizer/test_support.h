#pragma once

#include "hadal/core/safetensors/reader.h"
#include "hadal/hpts/optimizer/optimizer.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

/// What the tests of optimizers share; never installed.
namespace hadal::hpts::testing {

using hadal::testing::error_of;
using Tensors = std::map<std::string, at::Tensor>;

inline const SafetensorsReader& golden() {
  static const SafetensorsReader reader(
      hadal::testing::source_path("hadal/hpts/optimizer/testdata/optimizers.safetensors"));
  return reader;
}

inline at::Tensor leaf(const at::Tensor& values) {
  return values.detach().clone().requires_grad_();
}

inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.equal(b);
}

/// All formats, rules with state and kinds of weights.
struct Kind {
  const char* name;
  Rule rule;
  StateFormat format;
  at::ScalarType weights;
  bool master;
};

inline std::vector<Kind> kinds() {
  return {{"sgd fp32", Sgd{.momentum = 0.9}, StateFormat::fp32, at::kFloat, true},
          {"sgd bf16", Sgd{.momentum = 0.9}, StateFormat::bf16, at::kFloat, true},
          {"sgd int8", Sgd{.momentum = 0.9}, StateFormat::int8, at::kFloat, true},
          {"adamw fp32", AdamW{}, StateFormat::fp32, at::kFloat, true},
          {"adamw bf16", AdamW{}, StateFormat::bf16, at::kFloat, true},
          {"adamw int8", AdamW{}, StateFormat::int8, at::kFloat, true},
          {"adamw fp32, bf16 weights", AdamW{}, StateFormat::fp32, at::kBFloat16, true},
          {"adamw int8, bf16 weights", AdamW{}, StateFormat::int8, at::kBFloat16, true},
          {"adamw int8, bf16 weights alone", AdamW{}, StateFormat::int8, at::kBFloat16, false}};
}

/// Two parameters, of which one ends within a block, and their optimizer.
struct Small {
  at::Tensor matrix, vector;
  Optimizer optimizer;

  explicit Small(const Kind& kind, std::uint64_t seed = 3)
      : matrix(start({70, 11}, 1, kind)),
        vector(start({5}, 2, kind)),
        optimizer({{{{"layer.matrix", matrix}}, 0.02, 0.1}, {{{"layer.vector", vector}}, 0.01, 0}},
                  kind.rule, {.state = kind.format, .master_weights = kind.master, .seed = seed}) {}

  /// Steps `first` to `last`, with gradients that only the number of the step determines.
  void steps(int first, int last) {
    for (int step = first; step < last; ++step) {
      at::manual_seed(static_cast<std::uint64_t>(100 + step));
      for (auto* tensor : {&matrix, &vector}) {
        tensor->mutable_grad() = at::randn(tensor->sizes()).to(tensor->scalar_type());
      }
      optimizer.step();
    }
  }

 private:
  static at::Tensor start(at::IntArrayRef sizes, std::uint64_t seed, const Kind& kind) {
    at::manual_seed(seed);
    return leaf(at::randn(sizes).to(kind.weights));
  }
};

}  // namespace hadal::hpts::testing
