#pragma once

// A model for tests of the engine, small and exact: each token's numbers are computed by loops of
// their own, so that they do not depend on what else is in a pass.
#include "hadal/core/random.h"
#include "hadal/draf/model/model.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <ATen/ops/empty.h>

namespace hadal::draf::testing {

class TinyModel final : public Model {
 public:
  explicit TinyModel(std::int64_t context = 4096, at::ScalarType type = at::kFloat)
      : shape_{.vocabulary = 64,
               .dim = 32,
               .layers = 2,
               .heads = 4,
               .kv_heads = 2,
               .head_dim = 8,
               .context = context,
               .type = type} {
    Random random(7);
    const auto fill = [&](std::vector<float>& weights, std::int64_t count, double size) {
      for (std::int64_t i = 0; i < count; ++i) {
        weights.push_back(static_cast<float>(size * random.normal()));
      }
    };
    fill(embedding_, 64 * 32, 1);
    fill(head_, 64 * 32, 0.5);
    for (Layer& layer : layers_) {
      fill(layer.query, 32 * 32, 0.3);
      fill(layer.key, 16 * 32, 0.3);
      fill(layer.value, 16 * 32, 0.3);
      fill(layer.output, 32 * 32, 0.3);
    }
  }

  const ModelShape& shape() const override { return shape_; }
  std::int64_t bytes() const override { return 0; }

  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& rows,
                     const LayerAttention& attention) const override {
    ++passes;
    if (before_pass) before_pass(ids);
    const std::int64_t tokens = ids.size(0);
    at::Tensor x = at::empty({tokens, 32}, at::kFloat);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::int64_t id = ids.const_data_ptr<std::int64_t>()[t];
      const std::int64_t position = positions.const_data_ptr<std::int64_t>()[t];
      for (std::int64_t i = 0; i < 32; ++i) {
        at(x, t)[i] = embedding_[static_cast<std::size_t>(id * 32 + i)] +
                      static_cast<float>(std::sin(static_cast<double>(position * (i + 1)) * 0.05));
      }
    }
    for (std::int64_t i = 0; i < 2; ++i) {
      const Layer& layer = layers_[i];
      const auto headed = [&](const std::vector<float>& weights, std::int64_t heads) {
        return product(x, weights, heads * 8).view({tokens, heads, 8}).to(shape_.type);
      };
      const at::Tensor seen =
          attention(i, headed(layer.query, 4), headed(layer.key, 2), headed(layer.value, 2));
      const at::Tensor added =
          product(seen.to(at::kFloat).reshape({tokens, 32}).contiguous(), layer.output, 32);
      for (std::int64_t j = 0; j < tokens * 32; ++j) {
        x.mutable_data_ptr<float>()[j] =
            std::tanh(x.const_data_ptr<float>()[j] + added.const_data_ptr<float>()[j]);
      }
      if (within_pass) within_pass(i, ids);
    }
    const at::Tensor logits = product(x.index_select(0, rows), head_, 64);
    for (std::int64_t r = 0; r < rows.size(0); ++r) {
      const std::int64_t row = rows.const_data_ptr<std::int64_t>()[r];
      if (ids.const_data_ptr<std::int64_t>()[row] == broken_token) {
        at(logits, r)[5] = std::numeric_limits<float>::quiet_NaN();
      }
    }
    return logits;
  }

  std::function<void(const at::Tensor& ids)> before_pass;
  std::function<void(std::int64_t layer, const at::Tensor& ids)> within_pass;
  std::int64_t broken_token = -1;  ///< the logits after it are not all numbers
  mutable std::atomic<std::int64_t> passes{0};

 private:
  struct Layer {
    std::vector<float> query, key, value, output;
  };

  static float* at(const at::Tensor& x, std::int64_t row) {
    return x.mutable_data_ptr<float>() + row * x.size(1);
  }
  static at::Tensor product(const at::Tensor& x, const std::vector<float>& weights,
                            std::int64_t outputs) {
    at::Tensor y = at::empty({x.size(0), outputs}, at::kFloat);
    for (std::int64_t t = 0; t < x.size(0); ++t) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        float sum = 0;
        for (std::int64_t i = 0; i < 32; ++i) {
          sum += at(x, t)[i] * weights[static_cast<std::size_t>(o * 32 + i)];
        }
        at(y, t)[o] = sum;
      }
    }
    return y;
  }

  ModelShape shape_;
  std::vector<float> embedding_, head_;
  Layer layers_[2];
};

}  // namespace hadal::draf::testing
