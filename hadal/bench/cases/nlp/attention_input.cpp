#include "hadal/bench/cases/nlp/attention_input.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/explicit_attention.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace hadal::bench {

AttentionInput normal_attention_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                                      std::int64_t head_dim, at::ScalarType type) {
  seed_aten(seed);
  const auto make = [&] { return at::randn({1, heads, tokens, head_dim}).to(type); };
  AttentionInput x;
  x.query = make();
  x.key = make();
  x.value = make();
  return x;
}

DataSource data_source(const AttentionInput& x) {
  return data_source(concat("standard normal numbers, ", x.query.scalar_type(), " ",
                            x.query.sizes(), " each of Q, K, V"),
                     true, {x.query, x.key, x.value});
}

at::Tensor fused_attention(const AttentionInput& x) {
  return at::scaled_dot_product_attention(x.query, x.key, x.value, {}, 0.0, /*is_causal=*/true);
}

double attention_error(const at::Tensor& result, const AttentionInput& x) {
  constexpr std::int64_t kStep = 257;
  double largest = 0;
  for (std::int64_t row = 0; row < x.query.size(2); row += kStep) {
    const auto seen = [&](const at::Tensor& tensor) {
      return tensor.narrow(2, 0, row + 1).to(at::kDouble);
    };
    const at::Tensor exact = dao::explicit_attention(x.query.narrow(2, row, 1).to(at::kDouble),
                                                     seen(x.key), seen(x.value), /*causal=*/true);
    const at::Tensor error = (result.narrow(2, row, 1).to(at::kDouble) - exact).abs().max();
    largest = std::max(largest, error.item<double>());
  }
  return largest;
}

}  // namespace hadal::bench
