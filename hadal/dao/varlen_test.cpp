#include "hadal/dao/varlen.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/testing.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::dao {
namespace {

constexpr std::int64_t kHeads = 4, kKvHeads = 2, kHeadDim = 24;
using Lengths = std::vector<std::int64_t>;

at::Tensor offsets_of(const Lengths& lengths) {
  Lengths offsets{0};
  for (const auto length : lengths) offsets.push_back(offsets.back() + length);
  return at::tensor(offsets, at::kLong);
}

struct Packed {
  at::Tensor query, key, value, cu_seqlens_q, cu_seqlens_k, output_grad;
};

Packed packed_of(const Lengths& queries, const Lengths& keys, at::ScalarType type) {
  const auto total = [](const Lengths& lengths) {
    return offsets_of(lengths)[-1].item<std::int64_t>();
  };
  const auto make = [&](std::int64_t tokens, std::int64_t heads) {
    return at::randn({tokens, heads, kHeadDim}).to(type).requires_grad_();
  };
  return {make(total(queries), kHeads),
          make(total(keys), kKvHeads),
          make(total(keys), kKvHeads),
          offsets_of(queries),
          offsets_of(keys),
          make(total(queries), kHeads).detach()};
}

struct Outcome {
  at::Tensor output, log_sum_exp;
  std::vector<at::Tensor> grads;
};

Outcome outcome_of(const Packed& x, const AttentionResult& result) {
  return {result.output, result.log_sum_exp,
          torch::autograd::grad({result.output}, {x.query, x.key, x.value}, {x.output_grad})};
}

/// attention() on each sequence by itself, whose own tests hold it to the definition.
Outcome one_by_one(const Packed& x, const Selector* selector, const AttentionOptions& options) {
  std::vector<at::Tensor> outputs;
  std::vector<at::Tensor> sums;
  for (std::int64_t i = 0; i + 1 < x.cu_seqlens_q.size(0); ++i) {
    const auto part = [&](const at::Tensor& tensor, const at::Tensor& offsets) {
      return tensor.slice(0, offsets[i].item<std::int64_t>(), offsets[i + 1].item<std::int64_t>())
          .transpose(0, 1)
          .unsqueeze(0);
    };
    const at::Tensor query = part(x.query, x.cu_seqlens_q);
    const at::Tensor key = part(x.key, x.cu_seqlens_k);
    std::optional<BlockLists> lists;
    if (selector != nullptr) lists = selector->select(query, key, options);
    const AttentionResult result =
        attention(query, key, part(x.value, x.cu_seqlens_k), lists, options);
    outputs.push_back(result.output.squeeze(0).transpose(0, 1));
    sums.push_back(result.log_sum_exp.squeeze(0));
  }
  return outcome_of(x, {at::cat(outputs), at::cat(sums, 1)});
}

class AttentionVarlen : public EachIsa {
 protected:
  AttentionVarlen() : EachIsa(/*seed=*/31) {}

  static void expect_as_one_by_one(const Packed& x, const Selector* selector,
                                   const AttentionOptions& options) {
    std::optional<BlockLists> lists;
    if (selector != nullptr) {
      lists = select_varlen(*selector, x.query, x.key, x.cu_seqlens_q, x.cu_seqlens_k, options);
    }
    const Outcome ours = outcome_of(x, attention_varlen(x.query, x.key, x.value, x.cu_seqlens_q,
                                                        x.cu_seqlens_k, lists, options));
    const Outcome expected = one_by_one(x, selector, options);
    EXPECT_TRUE(ours.output.is_contiguous());
    EXPECT_TRUE(at::equal(ours.output, expected.output));
    EXPECT_TRUE(at::equal(ours.log_sum_exp, expected.log_sum_exp));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(at::equal(ours.grads[i], expected.grads[i])) << i;
    }
  }
};

TEST_P(AttentionVarlen, HasTheBitsOfEachSequenceByItself) {
  const Lengths queries{1, 64, 0, 130, 65, 3, 70};
  const Lengths keys{1, 64, 5, 130, 200, 0, 2};
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const bool causal : {true, false}) {
      SCOPED_TRACE(concat(type, ", causal ", causal));
      expect_as_one_by_one(packed_of(queries, keys, type), nullptr, {.causal = causal});
    }
  }
}

TEST_P(AttentionVarlen, LooksAtWhatIsChosenForEachSequence) {
  const Lengths lengths{300, 1, 0, 450};
  const PooledTopK selector({.keep = 0.4, .always = {.sinks = 0, .window = 0}});
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    expect_as_one_by_one(packed_of(lengths, lengths, type), &selector, {});
  }
}

TEST_P(AttentionVarlen, TakesLengthsOf32BitsAndNoSequences) {
  const Packed x = packed_of({5, 9}, {7, 9}, at::kFloat);
  const at::Tensor wide =
      attention_varlen(x.query, x.key, x.value, x.cu_seqlens_q, x.cu_seqlens_k).output;
  EXPECT_TRUE(at::equal(wide, attention_varlen(x.query, x.key, x.value, x.cu_seqlens_q.to(at::kInt),
                                               x.cu_seqlens_k.to(at::kInt))
                                  .output));
  const Packed none = packed_of({}, {}, at::kFloat);
  EXPECT_EQ(attention_varlen(none.query, none.key, none.value, none.cu_seqlens_q, none.cu_seqlens_k)
                .output.sizes(),
            (at::IntArrayRef{0, kHeads, kHeadDim}));
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionVarlen, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(AttentionVarlenInput, IsRefusedWithWhatWasExpected) {
  const Packed x = packed_of({5, 9}, {7, 9}, at::kFloat);
  const auto refused = [&](const at::Tensor& cu_q, const at::Tensor& cu_k,
                           const AttentionOptions& options = {},
                           const std::optional<BlockLists>& lists = {}) {
    try {
      attention_varlen(x.query, x.key, x.value, cu_q, cu_k, lists, options);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto cu = [](const std::vector<std::int64_t>& offsets) {
    return at::tensor(offsets, at::kLong);
  };
  const at::Tensor good = cu({0, 7, 16});
  EXPECT_EQ(refused(cu({0, 5, 14}), good), "accepted");
  EXPECT_EQ(refused(cu({0, 15, 14}), good),
            "attention_varlen: expected cu_seqlens_q that never falls, got 15 and then 14 at 1");
  EXPECT_EQ(refused(cu({0, -3, 14}), good),
            "attention_varlen: expected cu_seqlens_q that never falls, got 0 and then -3 at 0");
  EXPECT_EQ(refused(cu({0, 5, 15}), good),
            "attention_varlen: expected cu_seqlens_q from 0 to 14, got from 0 to 15");
  EXPECT_NE(refused(cu({1, 5, 14}), good), "accepted");
  EXPECT_EQ(refused(cu({0, 14}), good),
            "attention_varlen: expected as many sequences of keys as of queries, got 2 and 1");
  EXPECT_EQ(refused(cu({0, 5, 14}).to(at::kFloat), good),
            "attention_varlen: expected cu_seqlens_q int32 or int64 [sequences + 1] on cpu, got "
            "Float [3] on cpu");
  EXPECT_NE(refused(cu({}), good), "accepted");
  EXPECT_NE(refused({}, good), "accepted");
  EXPECT_NE(refused(cu({0, 5, 14}), good, {.key_mask = at::zeros({1, 16}, at::kBool)}), "accepted");
  const BlockLists lists{.offsets = at::zeros({9}, at::kLong), .blocks = at::zeros({0}, at::kInt)};
  EXPECT_EQ(refused(cu({0, 5, 14}), good, {}, lists), "accepted");
  // Block 0 of a sequence without keys.
  const BlockLists beyond{
      .offsets = at::tensor(std::vector<std::int64_t>{0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kLong),
      .blocks = at::zeros({1}, at::kInt)};
  EXPECT_EQ(refused(cu({0, 5, 14}), cu({0, 16, 16}), {}, beyond),
            "attention: expected lists.blocks that rise from 0 to -1 within row 4");
  EXPECT_THROW(attention_varlen(x.query.unsqueeze(0), x.key, x.value, good, good), InvalidArgument);
}

}  // namespace
}  // namespace hadal::dao
