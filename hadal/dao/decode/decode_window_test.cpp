#include "hadal/core/error.h"
#include "hadal/dao/decode/decode.h"
#include "hadal/dao/decode/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

/// defined(), of the last `window` tokens that each query sees.
Defined defined_in_window(const at::Tensor& query, const PlainSequence& sequence,
                          std::int64_t window) {
  const std::int64_t queries = query.size(1);
  const std::int64_t keys = sequence.key.size(1);
  std::vector<at::Tensor> outputs;
  std::vector<at::Tensor> sums;
  for (std::int64_t i = 0; i < queries; ++i) {
    const std::int64_t end = keys - queries + i + 1;
    const std::int64_t begin = std::max<std::int64_t>(0, end - window);
    const Defined one =
        defined_decode(query.narrow(1, i, 1),
                       {sequence.key.slice(1, begin, end), sequence.value.slice(1, begin, end)});
    outputs.push_back(one.output);
    sums.push_back(one.log_sum_exp);
  }
  return {at::cat(outputs, 1), at::cat(sums, 1)};
}

class DecodeWindow : public EachIsa {
 protected:
  DecodeWindow() : EachIsa(/*seed=*/31) {}
};

TEST_P(DecodeWindow, EqualsTheDefinition) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    ModelledCache model({.pages = 40, .kv_heads = 2, .head_dim = 40, .type = type});
    scatter_pages(model);
    const auto id = model.add();
    model.append({id}, 500);
    for (const std::int64_t queries : {1, 5, 64, 130, 500}) {
      const at::Tensor query = at::randn({1, 4, queries, 40}).to(type);
      for (const std::int64_t window : {1, 7, 63, 64, 65, 200, 499, 500, 100000}) {
        SCOPED_TRACE(concat(type, ", ", queries, " queries, window ", window));
        const DecodeResult result = decode(query, model.cache, Ids{id}, {.window = window});
        const Defined exact =
            defined_in_window(query[0].to(at::kDouble), model.plain.at(id), window);
        const double bound = type == at::kFloat ? 1e-5 : 2e-2;
        EXPECT_LT(error_of(result.output[0], exact.output), bound);
        EXPECT_LT(error_of(result.log_sum_exp[0], exact.log_sum_exp), 10 * bound);
        EXPECT_EQ(result.kept, 1);
      }
    }
  }
}

TEST_P(DecodeWindow, WhatIsNotFiniteBeforeItIsNotSeen) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    ModelledCache model({.pages = 4, .kv_heads = 1, .head_dim = 32, .type = type});
    const auto id = model.add();
    const at::Tensor key = model.tokens(100);
    const at::Tensor value = model.tokens(100);
    value[0].narrow(1, 70, 1).fill_(std::nan(""));
    key[0].narrow(1, 70, 1).fill_(std::numeric_limits<double>::infinity());
    model.append({id}, key, value);
    const at::Tensor query = at::randn({1, 1, 10, 32}).to(type);
    // Queries are at positions 90 to 99; those before 95 see token 70.
    const DecodeResult result = decode(query, model.cache, Ids{id}, {.window = 25});
    EXPECT_FALSE(result.output[0].narrow(1, 0, 5).isfinite().any().item<bool>());
    EXPECT_TRUE(result.output[0].narrow(1, 5, 5).isfinite().all().item<bool>());
    const DecodeResult one = decode(query.narrow(2, 9, 1), model.cache, Ids{id}, {.window = 25});
    EXPECT_TRUE(at::equal(one.output[0], result.output[0].narrow(1, 9, 1)));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, DecodeWindow, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(DecodeWindowAlways, RefusesWhatIsNone) {
  ModelledCache model({.pages = 4,
                       .kv_heads = 1,
                       .head_dim = 8,
                       .type = at::kFloat,
                       .scorer = std::make_shared<MeanScorer>()});
  const auto id = model.add();
  model.append({id}, 10);
  const at::Tensor query = at::zeros({1, 1, 1, 8});
  EXPECT_THROW(decode(query, model.cache, Ids{id}, {.window = 0}), InvalidArgument);
  EXPECT_THROW(decode(query, model.cache, Ids{id}, {.budget = Budget{}, .window = 5}),
               InvalidArgument);
}

TEST(DecodeWindowAlways, CountsThePagesThatItReads) {
  ModelledCache model({.pages = 20, .kv_heads = 1, .head_dim = 32, .type = at::kFloat});
  const auto id = model.add();
  model.append({id}, 1000);
  const at::Tensor query = at::zeros({1, 1, 1, 32});
  EXPECT_EQ(decode_flops(query, model.cache, Ids{id}, {.window = 10}), 4.0 * 64 * 32);
  // Tokens 936 to 999 lie in the 15th and the 16th page.
  EXPECT_EQ(decode_flops(query, model.cache, Ids{id}, {.window = 64}), 4.0 * 128 * 32);
}

}  // namespace
}  // namespace hadal::dao
