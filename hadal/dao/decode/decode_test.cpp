#include "hadal/dao/decode/decode.h"

#include "hadal/core/error.h"
#include "hadal/dao/decode/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

struct DecodeCase {
  std::int64_t heads, kv_heads, head_dim, queries;
};

constexpr DecodeCase kCases[] = {{1, 1, 32, 1},  {8, 2, 64, 1},    {3, 1, 80, 1},  {11, 1, 128, 1},
                                 {2, 2, 256, 1}, {4, 4, 33, 1},    {2, 1, 64, 5},  {4, 2, 128, 64},
                                 {6, 2, 48, 70}, {1, 1, 256, 200}, {70, 1, 32, 1}, {11, 1, 48, 5}};
constexpr std::int64_t kLengths[] = {1, 63, 64, 65, 1000};

/// A cache of sequences of kLengths that are long enough, its pages scattered.
struct Batch {
  Batch(const DecodeCase& shape, at::ScalarType type,
        std::shared_ptr<const BlockScorer> scorer = std::make_shared<MeanScorer>())
      : model({.pages = 40,
               .kv_heads = shape.kv_heads,
               .head_dim = shape.head_dim,
               .type = type,
               .scorer = std::move(scorer)}) {
    scatter_pages(model);
    for (const std::int64_t length : kLengths) {
      if (length < shape.queries) continue;
      ids.push_back(model.add());
      model.append({ids.back()}, length - length / 3);
      model.append({ids.back()}, length / 3);
    }
    query = at::randn(
                {static_cast<std::int64_t>(ids.size()), shape.heads, shape.queries, shape.head_dim})
                .to(type);
  }

  ModelledCache model;
  Ids ids;
  at::Tensor query;
};

class Decode : public EachIsa {
 protected:
  Decode() : EachIsa(/*seed=*/21) {}
};

TEST_P(Decode, EqualsTheDefinition) {
  for (const DecodeCase& shape : kCases) {
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      // What LibTorch computes in fp16 takes long.
      if (type == at::kHalf && shape.head_dim > 64) continue;
      SCOPED_TRACE(concat(shape.heads, " heads, ", shape.kv_heads, " kv_heads, head_dim ",
                          shape.head_dim, ", ", shape.queries, " queries, ", type));
      const Batch batch(shape, type);
      const DecodeResult result = decode(batch.query, batch.model.cache, batch.ids);
      ASSERT_EQ(result.output.sizes(), batch.query.sizes());
      ASSERT_EQ(result.output.scalar_type(), type);
      EXPECT_EQ(result.kept, 1);
      Errors errors;
      for (std::size_t i = 0; i < batch.ids.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        errors.add(result.output[row], result.log_sum_exp[row], batch.query[row],
                   batch.model.plain.at(batch.ids[i]));
      }
    }
  }
}

TEST_P(Decode, LongSequencesCombineTheirParts) {
  ModelledCache model({.pages = 130, .kv_heads = 1, .head_dim = 32, .type = at::kFloat});
  const auto id = model.add();
  model.append({id}, 8200);
  // Later tokens weigh more, so that parts differ.
  const at::Tensor query = at::randn({1, 2, 1, 32}) * 4;
  const DecodeResult result = decode(query, model.cache, Ids{id});
  Errors().add(result.output[0], result.log_sum_exp[0], query[0], model.plain.at(id));
}

TEST_P(Decode, AQueryHasTheSameBitsHoweverManyAreWithIt) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    ModelledCache model({.pages = 20, .kv_heads = 2, .head_dim = 64, .type = type});
    scatter_pages(model);
    const auto id = model.add();
    model.append({id}, 1000);
    const at::Tensor query = at::randn({1, 6, 200, 64}).to(type);
    for (const std::optional<std::int64_t> window : {std::optional<std::int64_t>(), {70}, {300}}) {
      const DecodeOptions options{.window = window};
      const at::Tensor all = decode(query, model.cache, Ids{id}, options).output;
      for (const std::int64_t queries : {1, 2, 17, 64, 65, 130}) {
        const at::Tensor last = query.narrow(2, 200 - queries, queries);
        EXPECT_TRUE(at::equal(decode(last, model.cache, Ids{id}, options).output,
                              all.narrow(2, 200 - queries, queries)))
            << type << ", " << queries << " queries, window " << window.value_or(0);
      }
    }
  }
}

TEST_P(Decode, SurvivesScoresOfTenThousand) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    ModelledCache model({.pages = 5, .kv_heads = 1, .head_dim = 32, .type = type});
    const auto id = model.add();
    const at::Tensor key = model.tokens(300) * 240;
    model.append({id}, key, model.tokens(300));
    const at::Tensor query = (at::randn({1, 1, 1, 32}) * 240).to(type);
    const DecodeResult result = decode(query, model.cache, Ids{id});
    const Defined exact = defined_decode(query[0].to(at::kDouble), model.plain.at(id));
    EXPECT_GT(exact.log_sum_exp.abs().max().item<double>(), 1e4);
    EXPECT_LT(error_of(result.output[0], exact.output), type == at::kFloat ? 1e-2 : 5e-2);
  }
}

TEST_P(Decode, ShowsWhatIsNotFiniteToThoseWhoSeeItOnly) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double poison : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      ModelledCache model({.pages = 8, .kv_heads = 1, .head_dim = 48, .type = type});
      const auto poisoned = model.add();
      const auto clean = model.add();
      const at::Tensor key = model.tokens(90, 2);
      const at::Tensor value = model.tokens(90, 2);
      value[0].narrow(1, 75, 2).fill_(poison);
      key[0].narrow(1, 82, 1).fill_(poison);
      model.append({poisoned, clean}, key, value);
      const at::Tensor query = at::randn({2, 3, 30, 48}).to(type);
      const DecodeResult result = decode(query, model.cache, Ids{poisoned, clean});
      // Queries are at positions 60 to 89.
      EXPECT_FALSE(result.output[0].narrow(1, 15, 15).isfinite().any().item<bool>());
      const at::Tensor before = result.output[0].narrow(1, 0, 15);
      EXPECT_TRUE(before.isfinite().all().item<bool>());
      const PlainSequence seen_before{key[0].narrow(1, 0, 75), value[0].narrow(1, 0, 75)};
      Errors().add(before, result.log_sum_exp[0].narrow(1, 0, 15), query[0].narrow(1, 0, 15),
                   seen_before);
      Errors().add(result.output[1], result.log_sum_exp[1], query[1], model.plain.at(clean));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Decode, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

class DecodeAlways : public ::testing::Test {
 protected:
  void SetUp() override { seed_aten(22); }
};

TEST_F(DecodeAlways, GivesTheSameBitsForAnyThreadsAndBatch) {
  const DecodeOptions options{.budget = Budget{.keep = 0.4}};
  for (const DecodeCase& shape : {kCases[1], kCases[8]}) {
    const Batch batch(shape, at::kBFloat16);
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const DecodeResult one = decode(batch.query, batch.model.cache, batch.ids, options);
    at::set_num_threads(3);
    const DecodeResult three = decode(batch.query, batch.model.cache, batch.ids, options);
    at::set_num_threads(threads);
    EXPECT_TRUE(at::equal(one.output, three.output));
    EXPECT_TRUE(at::equal(one.log_sum_exp, three.log_sum_exp));
    for (std::size_t i = 0; i < batch.ids.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const DecodeResult alone =
          decode(batch.query.narrow(0, row, 1), batch.model.cache, Ids{batch.ids[i]}, options);
      EXPECT_TRUE(at::equal(alone.output[0], one.output[row])) << "sequence " << i;
    }
  }
}

TEST_F(DecodeAlways, TakesAnyStrides) {
  ModelledCache model({.pages = 4, .kv_heads = 2, .head_dim = 16});
  const auto a = model.cache.add();
  const auto b = model.cache.add();
  const at::Tensor key = model.tokens(100);
  const at::Tensor value = model.tokens(100);
  const auto by_columns = [](const at::Tensor& x) {
    return x.transpose(2, 3).contiguous().transpose(2, 3);
  };
  const auto as_model = [](const at::Tensor& x) {
    return x.transpose(1, 2).contiguous().transpose(1, 2);
  };
  model.cache.append(Ids{a}, key, value);
  model.cache.append(Ids{b}, by_columns(key), as_model(value));
  const at::Tensor query = at::randn({1, 4, 3, 16}).to(at::kBFloat16);
  EXPECT_TRUE(at::equal(decode(query, model.cache, Ids{a}).output,
                        decode(by_columns(query), model.cache, Ids{b}).output));
}

TEST_F(DecodeAlways, TakesEmptyBatches) {
  const PagedKvCache cache({.pages = 1, .kv_heads = 2, .head_dim = 8, .type = at::kFloat});
  const DecodeResult none = decode(at::zeros({0, 4, 1, 8}), cache, {});
  EXPECT_EQ(none.output.sizes(), (std::vector<std::int64_t>{0, 4, 1, 8}));
  EXPECT_EQ(none.kept, 1);
}

TEST_F(DecodeAlways, RefusesWithWhatWasExpected) {
  ModelledCache model({.pages = 4, .kv_heads = 2, .head_dim = 16, .type = at::kFloat});
  const auto id = model.add();
  model.append({id}, 10);
  const auto refused = [&](const at::Tensor& query, const Ids& ids, const DecodeOptions& options) {
    try {
      decode(query, model.cache, ids, options);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const at::Tensor query = at::zeros({1, 4, 1, 16});
  EXPECT_EQ(refused(query, {id}, {}), "accepted");
  EXPECT_EQ(refused(at::zeros({1, 3, 1, 16}), {id}, {}),
            "decode: expected query Float [1, heads, queries, 16] on cpu, with heads a multiple of "
            "2, got Float [1, 3, 1, 16] on cpu");
  EXPECT_EQ(refused(at::zeros({1, 4, 11, 16}), {id}, {}),
            concat("decode: expected 11 tokens or more in sequence ", id, ", got 10"));
  EXPECT_EQ(refused(query, {id + 1}, {}), concat("kv cache: there is no sequence ", id + 1));
  EXPECT_EQ(refused(query, {id}, {.budget = Budget{}}),
            "decode: expected a cache with a scorer, by which to choose pages");
  EXPECT_EQ(refused(query, {id}, {.budget = Budget{.keep = 2}}),
            "selector: expected keep above 0 and up to 1, got 2");
  EXPECT_EQ(refused(query, {id}, {.scale = 0.0}), "decode: expected a positive scale, got 0");
  EXPECT_NE(refused({}, {id}, {}), "accepted");
  EXPECT_NE(refused(query, {}, {}), "accepted");
  EXPECT_NE(refused(query.to(at::kBFloat16), {id}, {}), "accepted");
  EXPECT_NE(refused(at::zeros({1, 4, 1, 8}), {id}, {}), "accepted");
}

}  // namespace
}  // namespace hadal::dao
