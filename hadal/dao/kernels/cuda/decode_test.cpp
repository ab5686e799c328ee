// The CUDA kernels of decoding against the definition in fp64.
#include "hadal/core/error.h"
#include "hadal/dao/kernels/cuda/attention.h"
#include "hadal/dao/kernels/cuda/prepare.h"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_decode.cuh"
#include "hadal/dao/kernels/cuda/testing.h"
#include "hadal/dao/testing.h"

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>
#include <gtest/gtest.h>

namespace hadal::dao::kernels::cuda {
namespace {

struct Sequences {
  at::Tensor query;
  PagedCache cache;
};

/// Sequences of these lengths in pages in any order, where what no token was written to is not a
/// number.
Sequences sequences_of(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim,
                       const std::vector<std::int32_t>& lengths) {
  const auto count = static_cast<std::int64_t>(lengths.size());
  const std::int64_t columns = blocks_of(*std::max_element(lengths.begin(), lengths.end())) + 1;
  const std::int64_t pages = count * columns;
  const auto make = [&] {
    return at::full({pages, kv_heads, kBlock, head_dim}, std::nanf(""), at::kBFloat16);
  };
  Sequences result{at::randn({count, heads, 1, head_dim}).to(at::kBFloat16),
                   {make(), make(), at::randperm(pages).to(at::kInt).view({count, columns}),
                    at::empty({count}, at::kInt)}};
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t length = lengths[static_cast<std::size_t>(i)];
    result.cache.lengths[i] = length;
    for (std::int64_t first = 0; first < length; first += kBlock) {
      const auto page = result.cache.table[i][first / kBlock].item<std::int64_t>();
      const auto tokens = std::min<std::int64_t>(kBlock, length - first);
      for (const at::Tensor& memory : {result.cache.key, result.cache.value}) {
        memory[page].narrow(1, 0, tokens).copy_(at::randn({kv_heads, tokens, head_dim}));
      }
    }
  }
  return result;
}

/// The definition in fp64 for one sequence; `kept` is bool [heads, pages], or undefined.
AttentionResult defined(const Sequences& x, std::int64_t sequence, const at::Tensor& kept) {
  const auto length = x.cache.lengths[sequence].item<std::int64_t>();
  const std::int64_t heads = x.query.size(1);
  const std::int64_t group = heads / x.cache.key.size(1);
  const at::Tensor pages = x.cache.table[sequence].narrow(0, 0, blocks_of(length)).to(at::kLong);
  const auto tokens_of = [&](const at::Tensor& memory) {
    return memory.index_select(0, pages)
        .transpose(0, 1)
        .flatten(1, 2)
        .narrow(1, 0, length)
        .to(at::kDouble)
        .repeat_interleave(group, 0);
  };
  const double scale = 1 / std::sqrt(static_cast<double>(x.query.size(3)));
  at::Tensor scores =
      at::matmul(x.query[sequence].to(at::kDouble), tokens_of(x.cache.key).transpose(1, 2)) * scale;
  if (kept.defined()) {
    const at::Tensor mask = kept.repeat_interleave(kBlock, 1).narrow(1, 0, length).unsqueeze(1);
    scores = scores.masked_fill(~mask, -std::numeric_limits<double>::infinity());
  }
  const at::Tensor weights = scores.softmax(2).nan_to_num(0);
  return {at::matmul(weights, tokens_of(x.cache.value)), at::logsumexp(scores, 2)};
}

class CudaDecode : public EachPlace {
 protected:
  CudaDecode() : EachPlace(/*seed=*/22) {}

  /// By the kernels; `multiprocessors` are those of the emulated GPU.
  static AttentionResult result_of(const Sequences& x, const std::optional<BlockLists>& lists,
                                   [[maybe_unused]] int multiprocessors) {
#if defined(HADAL_CUDA)
    if (GetParam() == Where::gpu) {
      const PagedCache cache{there(x.cache.key), there(x.cache.value), x.cache.table,
                             x.cache.lengths};
      const AttentionResult result = decode(there(x.query), cache, lists);
      return {result.output.cpu(), result.log_sum_exp.cpu()};
    }
#endif
    const DecodeCall call = prepare_decode(x.query, x.cache, lists, {}, multiprocessors);
    emulation::Launch launch;
    emulation::launch_decode(call.params, launch);
    return call.result();
  }

  /// `mask` is bool [n, heads or kv_heads, 1, pages], or undefined.
  static void expect_exact(const Sequences& x, const at::Tensor& mask, int multiprocessors) {
    std::optional<BlockLists> lists;
    if (mask.defined()) lists = block_lists(mask);
    const AttentionResult ours = result_of(x, lists, multiprocessors);
    for (std::int64_t i = 0; i < x.query.size(0); ++i) {
      SCOPED_TRACE(concat("sequence ", i, ", ", multiprocessors, " multiprocessors"));
      at::Tensor kept;
      if (mask.defined()) {
        kept = mask[i].squeeze(1).repeat_interleave(x.query.size(1) / mask.size(1), 0);
      }
      const AttentionResult exact = defined(x, i, kept);
      // Results are rounded to bf16 and weights were: each is worth 2^-9 of values of about 4.
      EXPECT_LT(error_of(ours.output[i], exact.output), 2e-2);
      const at::Tensor finite = exact.log_sum_exp.isfinite();
      EXPECT_TRUE(at::equal(ours.log_sum_exp[i].isfinite(), finite));
      EXPECT_LT(error_of(ours.log_sum_exp[i].masked_fill(~finite, 0),
                         exact.log_sum_exp.masked_fill(~finite, 0)),
                1e-5);
    }
  }
};

TEST_P(CudaDecode, EqualsTheDefinitionWithAnyNumberOfSplits) {
  const Sequences x = sequences_of(4, 2, 64, {1, 64, 700, 1000});
  for (const int multiprocessors : {1, 8, 132}) expect_exact(x, {}, multiprocessors);
}

TEST_P(CudaDecode, TakesAllHeadSizesAndGroups) {
  expect_exact(sequences_of(1, 1, 32, {70}), {}, 4);
  expect_exact(sequences_of(40, 2, 128, {200, 130}), {}, 4);  // more heads than a tile has rows
  expect_exact(sequences_of(3, 3, 256, {600}), {}, 4);
}

TEST_P(CudaDecode, LooksAtThePagesOfItsListsOnly) {
  const Sequences x = sequences_of(4, 2, 64, {300, 900});
  const std::int64_t pages = x.cache.table.size(1);
  for (const std::int64_t rows : {4, 2}) {
    for (const double keep : {0.0, 0.3, 1.0}) {
      SCOPED_TRACE(concat(rows, " rows a sequence, keep ", keep));
      expect_exact(x, at::rand({2, rows, 1, pages}).lt(keep), 8);
    }
  }
}

TEST_P(CudaDecode, RefusesPagesThatAreNotThere) {
  const Sequences x = sequences_of(2, 1, 64, {100});
  x.cache.table[0][1] = 99;
  try {
    prepare_decode(x.query, x.cache, {}, {}, 8);
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "decode: expected pages from 0 to 2 in table, got 99 for page 1 of sequence 0");
  }
  x.cache.lengths[0] = 1000;
  EXPECT_THROW(prepare_decode(x.query, x.cache, {}, {}, 8), InvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Runs, CudaDecode, each_place(), name_of_place);

TEST(CudaDecodeSplits, KeepAllMultiprocessorsBusyWithPartsThatAreWorthIt) {
  EXPECT_EQ(decode_splits(/*rows=*/8, /*pages=*/256, /*multiprocessors=*/132), 33);
  EXPECT_EQ(decode_splits(8, 16, 132), 4);
  EXPECT_EQ(decode_splits(1000, 256, 132), 1);
  EXPECT_EQ(decode_splits(8, 1, 132), 1);
  EXPECT_EQ(decode_splits(0, 0, 132), 1);
}

}  // namespace
}  // namespace hadal::dao::kernels::cuda
