// Seeded random problems, forward and backward, against the definition in fp64 and LibTorch's own
// attention with the same mask in the same type.
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/testing.h"

#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::dao {
namespace {

std::int64_t drawn(std::int64_t low, std::int64_t high) {
  return at::randint(low, high + 1, {1}).item<std::int64_t>();
}

struct Case {
  Shape shape;
  at::ScalarType type;
  at::Tensor query, key, value, output_grad;
  std::optional<BlockLists> lists;
  AttentionOptions options;
  at::Tensor mask;  ///< bool [batch, heads, queries, keys]

  std::string text() const {
    return concat(type, ", batch ", shape.batch, ", heads ", shape.heads, " of ", shape.kv_heads,
                  ", queries ", shape.queries, ", keys ", shape.keys, ", head_dim ", shape.head_dim,
                  ", causal ", options.causal, ", lists ", lists.has_value(), ", key_mask ",
                  options.key_mask.has_value());
  }
};

/// Normal numbers, of memory that is laid out in one of three ways.
at::Tensor numbers(std::int64_t batch, std::int64_t heads, std::int64_t tokens, std::int64_t size,
                   at::ScalarType type) {
  const at::Tensor x = at::randn({batch, heads, tokens, size}).to(type);
  const auto layout = drawn(0, 2);
  if (layout == 1) return x.transpose(1, 2).contiguous().transpose(1, 2);
  if (layout == 2) return x.transpose(2, 3).contiguous().transpose(2, 3);
  return x;
}

Case drawn_case() {
  const std::int64_t groups[] = {1, 2, 4};
  Case p;
  Shape& s = p.shape;
  s.batch = drawn(1, 2);
  s.kv_heads = drawn(1, 2);
  s.heads = s.kv_heads * groups[drawn(0, 2)];
  s.queries = drawn(0, 4) == 0 ? 1 : drawn(1, 150);
  s.keys = drawn(0, 3) == 0 ? s.queries : drawn(1, 200);
  s.head_dim = drawn(1, 8) * 32 - (drawn(0, 2) == 0 ? drawn(1, 7) : 0);
  const at::ScalarType types[] = {at::kFloat, at::kFloat, at::kBFloat16, at::kHalf};
  p.type = types[drawn(0, 3)];
  p.query = numbers(s.batch, s.heads, s.queries, s.head_dim, p.type);
  p.key = numbers(s.batch, s.kv_heads, s.keys, s.head_dim, p.type);
  p.value = numbers(s.batch, s.kv_heads, s.keys, s.head_dim, p.type);
  p.output_grad = numbers(s.batch, s.heads, s.queries, s.head_dim, p.type);
  p.options.causal = drawn(0, 1) == 1;
  at::Tensor blocks;
  if (drawn(0, 1) == 1) {
    blocks = random_mask(s, 0.6);
    p.lists = block_lists(blocks);
  }
  p.mask = seen(s.queries, s.keys, blocks, p.options.causal);
  if (drawn(0, 1) == 1) {
    p.options.key_mask = at::randn({s.batch, s.keys}).gt(-0.5);
    p.mask = p.mask & p.options.key_mask->unsqueeze(1).unsqueeze(1);
  }
  p.mask = p.mask.expand({s.batch, s.heads, s.queries, s.keys}).contiguous();
  return p;
}

/// Output and the gradients of query, key and value.
using Results = std::vector<at::Tensor>;

template <class Attend>
Results results_of(const Case& p, at::ScalarType type, const Attend& attend) {
  const auto leaf = [&](const at::Tensor& x) {
    return x.to(type).detach().clone(at::MemoryFormat::Preserve).requires_grad_();
  };
  const at::Tensor query = leaf(p.query);
  const at::Tensor key = leaf(p.key);
  const at::Tensor value = leaf(p.value);
  const at::Tensor output = attend(query, key, value);
  Results results = torch::autograd::grad({output}, {query, key, value},
                                          {p.output_grad.to(output.scalar_type())});
  results.push_back(output.detach());
  return results;
}

Results ours(const Case& p) {
  return results_of(p, p.type, [&](const auto& query, const auto& key, const auto& value) {
    return attention(query, key, value, p.lists, p.options).output;
  });
}

/// By the definition, with zeros for queries that see nothing.
Results defined(const Case& p, at::ScalarType type) {
  const at::Tensor nothing = ~p.mask.any(3, true);
  const double scale = 1 / std::sqrt(static_cast<double>(p.shape.head_dim));
  const auto group = p.shape.heads / p.shape.kv_heads;
  return results_of(p, type, [&](const auto& query, const auto& key, const auto& value) {
    const at::Tensor keys = key.repeat_interleave(group, 1).transpose(2, 3);
    const at::Tensor scores =
        (query.matmul(keys) * scale).masked_fill(~(p.mask | nothing), -INFINITY);
    return scores.softmax(3).matmul(value.repeat_interleave(group, 1)).masked_fill(nothing, 0);
  });
}

Results fused(const Case& p) {
  const auto group = p.shape.heads / p.shape.kv_heads;
  return results_of(p, p.type, [&](const auto& query, const auto& key, const auto& value) {
    return at::scaled_dot_product_attention(query, key.repeat_interleave(group, 1),
                                            value.repeat_interleave(group, 1), p.mask);
  });
}

void expect_no_worse(const Case& p) {
  const Results exact = defined(p, at::kDouble);
  // In half precision, LibTorch's products on a CPU take far longer than all else here.
  const Results theirs = p.type == at::kHalf ? defined(p, at::kFloat) : fused(p);
  const Results results = ours(p);
  const double noise = p.type == at::kFloat ? 2e-6 : 8e-3;
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].sizes(), exact[i].sizes());
    const double rounding = p.type == at::kFloat ? rounding_of(exact[i]) : 0;
    EXPECT_LE(error_of(results[i], exact[i]), 2 * error_of(theirs[i], exact[i]) + noise + rounding)
        << i;
  }
}

class AttentionProperties : public EachIsa {
 protected:
  AttentionProperties() : EachIsa(/*seed=*/51) {}
};

TEST_P(AttentionProperties, HasErrorsAtMostTwiceThoseOfLibTorch) {
  for (int i = 0; i < 24; ++i) {
    const Case p = drawn_case();
    SCOPED_TRACE(concat("problem ", i, ": ", p.text()));
    expect_no_worse(p);
  }
}

TEST_P(AttentionProperties, HasTheSameBitsAgainAndWithTwoThreads) {
  const int threads = at::get_num_threads();
  for (int i = 0; i < 8; ++i) {
    const Case p = drawn_case();
    at::set_num_threads(1);
    const Results one = ours(p);
    at::set_num_threads(2);
    const Results two = ours(p);
    const Results again = ours(p);
    for (std::size_t j = 0; j < one.size(); ++j) {
      EXPECT_TRUE(at::equal(one[j], two[j])) << p.text();
      EXPECT_TRUE(at::equal(two[j], again[j])) << p.text();
    }
  }
  at::set_num_threads(threads);
}

TEST_P(AttentionProperties, HoldForOneKeptBlockAndScoresOfTenThousand) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    Case p;
    p.shape = {.queries = 130, .keys = 130, .head_dim = 80};
    p.type = type;
    const auto make = [&](double factor) { return (at::randn({1, 1, 130, 80}) * factor).to(type); };
    p.query = make(60);
    p.key = make(60);
    p.value = make(1);
    p.output_grad = make(1);
    // Each block of queries keeps the first block only.
    at::Tensor blocks = random_mask(p.shape, 0);
    blocks.select(3, 0).fill_(true);
    p.lists = block_lists(blocks);
    p.mask = seen(130, 130, blocks, true);
    const Results exact = defined(p, at::kDouble);
    const Results results = ours(p);
    const Results theirs = fused(p);
    const double noise = type == at::kFloat ? 2e-5 : 8e-3;
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(results[i].isfinite().all().item<bool>());
      EXPECT_LE(error_of(results[i], exact[i]), 2 * error_of(theirs[i], exact[i]) + noise) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionProperties, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace hadal::dao
