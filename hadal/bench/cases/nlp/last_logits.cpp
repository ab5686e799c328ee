#include "hadal/bench/cases/nlp/last_logits.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>

namespace hadal::bench {
namespace {

at::Tensor by_head(const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

}  // namespace

at::Tensor last_logits(const draf::Model& model, const std::vector<std::int64_t>& prompt) {
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  return model.forward(
      at::tensor(prompt, at::kLong), at::arange(tokens), at::full({1}, tokens - 1, at::kLong),
      [](std::int64_t, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
        return at::scaled_dot_product_attention(by_head(query), by_head(key), by_head(value), {},
                                                0.0, /*is_causal=*/true, {}, /*enable_gqa=*/true)[0]
            .transpose(0, 1)
            .contiguous();
      })[0];
}

}  // namespace hadal::bench
