#include "hadal/models/decoder_lm.h"
#include "hadal/models/test_support.h"

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/softmax.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;

constexpr DecoderLmOptions kGrouped{.vocabulary = 11,
                                    .dim = 16,
                                    .layers = 3,
                                    .heads = 4,
                                    .kv_heads = 2,
                                    .hidden = 10,
                                    .context = 16};

DecoderLm grouped_model() {
  DecoderLm model(kGrouped);
  testing::randomize(*model, 0.5);
  model->to(at::kDouble);
  return model;
}

/// By the definition; the last query sees all keys.
at::Tensor explicit_attention(const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, std::int64_t /*layer*/) {
  const std::int64_t group = query.size(1) / key.size(1);
  const at::Tensor scores = at::matmul(query, key.repeat_interleave(group, 1).transpose(2, 3)) /
                            std::sqrt(static_cast<double>(query.size(3)));
  const at::Tensor seen =
      at::ones({query.size(2), key.size(2)}, at::kBool).tril(key.size(2) - query.size(2));
  const double hidden = -std::numeric_limits<double>::infinity();
  return at::matmul(at::softmax(scores.masked_fill(seen.logical_not(), hidden), -1),
                    value.repeat_interleave(group, 1));
}

/// Keeps the keys and values of all calls.
class KeepingAttention {
 public:
  at::Tensor operator()(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                        std::int64_t layer) {
    const auto i = static_cast<std::size_t>(layer);
    if (i == keys_.size()) {
      keys_.push_back(key);
      values_.push_back(value);
    } else {
      keys_.at(i) = at::cat({keys_.at(i), key}, 2);
      values_.at(i) = at::cat({values_.at(i), value}, 2);
    }
    return explicit_attention(query, keys_.at(i), values_.at(i), layer);
  }

 private:
  std::vector<at::Tensor> keys_, values_;
};

TEST(DecoderLmAttention, OfOurOwnEqualsTheDefault) {
  DecoderLm model = grouped_model();
  const at::Tensor ids = at::randint(11, {2, 13}, at::kLong);
  EXPECT_LT(
      max_difference(model->forward(ids, {.attention = explicit_attention}), model->forward(ids)),
      1e-12);
}

TEST(DecoderLmAttention, GoesOnWithASequenceWhoseKeysItKept) {
  DecoderLm model = grouped_model();
  const at::Tensor ids = at::randint(11, {2, 16}, at::kLong);
  const at::Tensor whole = model->forward(ids);
  for (const std::int64_t step : {1, 3, 8, 15}) {
    KeepingAttention kept;
    std::vector<at::Tensor> parts;
    for (std::int64_t at = 0; at < 16; at += step) {
      parts.push_back(model->forward(ids.slice(1, at, at + step),
                                     {.first_position = at, .attention = std::ref(kept)}));
    }
    EXPECT_LT(max_difference(at::cat(parts, 1), whole), 1e-12) << step;
  }
}

TEST(DecoderLmAttention, WithoutKeptKeysStartsAnewWhereverItIs) {
  DecoderLm model = grouped_model();
  const at::Tensor ids = at::randint(11, {1, 5}, at::kLong);
  // Rotary positions matter as differences only.
  EXPECT_LT(max_difference(model->forward(ids, {.first_position = 11}), model->forward(ids)),
            1e-12);
}

TEST(DecoderLmAttention, IsAskedOnceALayerInOrder) {
  DecoderLm model = grouped_model();
  std::vector<std::int64_t> layers;
  const auto record = [&](const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          std::int64_t layer) {
    EXPECT_EQ(query.sizes(), (at::IntArrayRef{2, 4, 9, 4}));
    EXPECT_EQ(key.sizes(), (at::IntArrayRef{2, 2, 9, 4}));
    EXPECT_EQ(value.sizes(), (at::IntArrayRef{2, 2, 9, 4}));
    layers.push_back(layer);
    return query;
  };
  model->forward(at::randint(11, {2, 9}, at::kLong), {.attention = record});
  EXPECT_EQ(layers, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(DecoderLmAttention, RefusesPositionsOutsideOfTheContext) {
  DecoderLm model = grouped_model();
  const at::Tensor ids = at::randint(11, {1, 6}, at::kLong);
  EXPECT_NO_THROW(model->forward(ids, {.first_position = 10}));
  for (const std::int64_t first :
       {std::int64_t{11}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    const std::string error = error_of([&] { model->forward(ids, {.first_position = first}); });
    EXPECT_TRUE(contains(error, concat("a first position from 0 to 10 for 6 tokens, got ", first)));
  }
}

TEST(DecoderLmAttention, RefusesAResultThatDoesNotFit) {
  DecoderLm model = grouped_model();
  const auto error_with = [&](const auto& change) {
    const AttentionFunction attention = [&](const at::Tensor& query, const at::Tensor&,
                                            const at::Tensor&, std::int64_t layer) {
      return layer == 1 ? change(query) : query;
    };
    return error_of([&] { model->forward(at::randint(11, {1, 6}, at::kLong), {0, attention}); });
  };
  const std::string wrong_shape = error_with([](const auto& x) { return x.slice(2, 1); });
  EXPECT_TRUE(contains(wrong_shape,
                       "result of the attention of layer 1: expected Double "
                       "[1, 4, 6, 4], got Double [1, 4, 5, 4]"));
  const std::string wrong_type = error_with([](const auto& x) { return x.to(at::kFloat); });
  EXPECT_TRUE(contains(wrong_type, "got Float"));
  EXPECT_TRUE(contains(error_with([](const auto&) { return at::Tensor(); }), "undefined"));
}

}  // namespace
}  // namespace hadal::models
