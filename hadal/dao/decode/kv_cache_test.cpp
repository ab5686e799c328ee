#include "hadal/dao/decode/kv_cache.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/decode/test_support.h"

#include <iterator>
#include <set>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

/// Holds that pages are used by exactly those sequences that name them.
void expect_consistent(const ModelledCache& model) {
  const CacheState& state = model.cache.state();
  std::map<std::int32_t, std::int64_t> users;
  ASSERT_EQ(state.sequences.size(), model.plain.size());
  for (const auto& [id, plain] : model.plain) {
    const CachedSequence& sequence = state.at(id);
    ASSERT_EQ(sequence.length, plain.key.size(1));
    ASSERT_EQ(static_cast<std::int64_t>(sequence.pages.size()), blocks_of(sequence.length));
    for (const std::int32_t page : sequence.pages) ++users[page];
  }
  for (const auto& [page, count] : users) EXPECT_EQ(state.pool.users(page), count);
  EXPECT_EQ(model.cache.free_pages(),
            state.options.pages - static_cast<std::int64_t>(users.size()));
}

/// Holds that a sequence's keys, the numbers that describe them, and its values are the model's.
void expect_holds(const ModelledCache& model, PagedKvCache::Sequence id) {
  const CacheState& state = model.cache.state();
  const CachedSequence& sequence = state.at(id);
  const PlainSequence& plain = model.plain.at(id);
  for (std::int64_t block = 0; block < blocks_of(sequence.length); ++block) {
    const std::int32_t page = sequence.pages[static_cast<std::size_t>(block)];
    const std::int64_t count = std::min(kBlockSize, sequence.length - block * kBlockSize);
    const at::Tensor keys = plain.key.narrow(1, block * kBlockSize, count);
    EXPECT_TRUE(at::equal(state.memory.keys(page, count), keys.to(state.memory.type())));
    if (count < kBlockSize || !state.options.scorer) continue;
    const at::Tensor expected = state.options.scorer->key_features(keys.unsqueeze(0));
    for (std::int64_t head = 0; head < keys.size(0); ++head) {
      const float* got = state.memory.features(head, page);
      EXPECT_TRUE(std::equal(got, got + expected.size(2),
                             expected[head].contiguous().const_data_ptr<float>()))
          << "block " << block << ", head " << head;
    }
  }
  if (sequence.length == 0) return;
  const at::Tensor query =
      at::randn({1, plain.key.size(0), 1, plain.key.size(2)}).to(state.options.type);
  const DecodeResult result = decode(query, model.cache, Ids{id});
  Errors().add(result.output[0], result.log_sum_exp[0], query[0], plain);
}

/// One random operation; an append that does not fit must change nothing.
void step(ModelledCache& model, Random& random) {
  const auto any = [&] {
    return std::next(model.plain.begin(),
                     static_cast<std::ptrdiff_t>(random.below(model.plain.size())))
        ->first;
  };
  const std::uint64_t action = model.plain.empty() ? 0 : random.below(8);
  if (action == 0) {
    model.add();
  } else if (action == 1) {
    model.free(any());
  } else if (action == 2) {
    const auto from = any();
    const std::int64_t length = model.cache.length(from);
    const auto blocks = static_cast<std::uint64_t>(length / kBlockSize + 1);
    model.fork(from, random.below(2) == 0
                         ? length
                         : static_cast<std::int64_t>(random.below(blocks)) * kBlockSize);
  } else {
    std::set<PagedKvCache::Sequence> chosen{any(), any(), any()};
    const Ids ids(chosen.begin(), chosen.end());
    const std::int64_t tokens = random.below(3) == 0 ? random.between(1, 150) : 1;
    const std::int64_t needed = model.cache.pages_needed(ids, tokens);
    const std::int64_t free = model.cache.free_pages();
    if (needed <= free) {
      model.append(ids, tokens);
      EXPECT_EQ(model.cache.free_pages(), free - needed);
    } else {
      EXPECT_THROW(model.append(ids, tokens), InvalidArgument);
    }
  }
}

class KvCache : public ::testing::Test {
 protected:
  void SetUp() override { seed_aten(31); }
};

TEST_F(KvCache, HoldsWhatAPlainModelHolds) {
  Random random(17);
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    ModelledCache model({.pages = 24,
                         .kv_heads = 2,
                         .head_dim = 12,
                         .type = type,
                         .scorer = std::make_shared<BoundsScorer>()});
    scatter_pages(model);
    for (int i = 0; i < 400; ++i) {
      step(model, random);
      expect_consistent(model);
      if (i % 20 == 0) {
        for (const auto& [id, plain] : model.plain) expect_holds(model, id);
      }
      ASSERT_FALSE(HasFailure()) << "after step " << i << " with " << type;
    }
  }
}

TEST_F(KvCache, ForksShareUntilTheyAppend) {
  ModelledCache model({.pages = 6, .kv_heads = 1, .head_dim = 8, .scorer = nullptr});
  const auto first = model.add();
  model.append({first}, 100);
  const auto second = model.fork(first, 100);
  EXPECT_EQ(model.cache.free_pages(), 4);
  // One of the two needs a copy of the page that both append to.
  EXPECT_EQ(model.cache.pages_needed(Ids{first, second}, 1), 1);
  model.append({second}, 1);
  EXPECT_EQ(model.cache.free_pages(), 3);
  model.append({first}, 1);
  EXPECT_EQ(model.cache.free_pages(), 3);
  expect_holds(model, first);
  expect_holds(model, second);
  const auto third = model.fork(first, 64);
  model.free(first);
  EXPECT_EQ(model.cache.free_pages(), 4);
  expect_holds(model, third);
}

TEST_F(KvCache, SaysHowMuchMemoryItHas) {
  const PagedKvCache cache(
      {.pages = 3, .kv_heads = 2, .head_dim = 40, .scorer = std::make_shared<MeanScorer>()});
  // Keys and values of 64 tokens, heads padded to 64; features padded to 48.
  EXPECT_EQ(cache.bytes(), 3 * 2 * (2 * 64 * 64 * 2 + 48 * 4));
  EXPECT_EQ(cache.free_pages(), 3);
}

TEST_F(KvCache, IsMoved) {
  ModelledCache model({.pages = 2, .kv_heads = 1, .head_dim = 8});
  const auto id = model.cache.add();
  PagedKvCache moved = std::move(model.cache);
  EXPECT_EQ(moved.length(id), 0);
}

/// What `call` is refused with.
template <class Call>
std::string refused(const Call& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(KvCache, RefusesOptionsOutOfRange) {
  const auto make = [](const KvCacheOptions& options) {
    return refused([&] { PagedKvCache cache(options); });
  };
  EXPECT_EQ(make({.pages = 0, .kv_heads = 1, .head_dim = 8}),
            "kv cache: expected pages from 1 to 2147483647, got 0");
  EXPECT_EQ(make({.pages = 1, .kv_heads = 0, .head_dim = 8}),
            "kv cache: expected kv_heads from 1 to 65536, got 0");
  EXPECT_EQ(make({.pages = 1, .kv_heads = 1, .head_dim = 257}),
            "kv cache: expected a head_dim from 1 to 256, got 257");
  EXPECT_EQ(make({.pages = 1, .kv_heads = 1, .head_dim = 8, .type = at::kDouble}),
            "kv cache: expected fp32, bf16 or fp16, got Double");
  EXPECT_NE(make({.pages = 2147483647, .kv_heads = 65536, .head_dim = 256, .type = at::kFloat}),
            "accepted");
}

TEST_F(KvCache, RefusesWhatItCannotAppend) {
  ModelledCache model({.pages = 2, .kv_heads = 2, .head_dim = 8});
  const auto id = model.add();
  const auto append = [&](const Ids& ids, const at::Tensor& key, const at::Tensor& value) {
    return refused([&] { model.cache.append(ids, key, value); });
  };
  const at::Tensor tokens = model.tokens(3);
  EXPECT_EQ(append({id}, tokens, model.tokens(2)),
            "kv cache: expected key and value BFloat16 [1, 2, tokens, 8] on cpu, got key BFloat16 "
            "[1, 2, 3, 8] on cpu and value BFloat16 [1, 2, 2, 8] on cpu");
  EXPECT_NE(append({id}, tokens.to(at::kFloat), tokens), "accepted");
  EXPECT_NE(append({id}, tokens[0], tokens[0]), "accepted");
  EXPECT_NE(append({id}, {}, tokens), "accepted");
  EXPECT_EQ(append({id, id}, model.tokens(1, 2), model.tokens(1, 2)),
            concat("kv cache: expected each sequence once, got ", id, " twice"));
  EXPECT_EQ(append({id + 5}, tokens, tokens), concat("kv cache: there is no sequence ", id + 5));
  EXPECT_EQ(append({id}, model.tokens(129), model.tokens(129)),
            "kv cache: expected 0 to 128 tokens for all its pages, got 129");
  const auto other = model.add();
  model.append({other}, 65);
  EXPECT_EQ(append({id}, tokens, tokens), "kv cache: 1 pages are needed, and 0 of 2 are free");
  EXPECT_EQ(model.cache.length(id), 0);
  expect_consistent(model);
}

TEST_F(KvCache, RefusesSequencesItDoesNotHave) {
  ModelledCache model({.pages = 2, .kv_heads = 1, .head_dim = 8});
  const auto id = model.add();
  model.append({id}, 70);
  EXPECT_EQ(refused([&] { model.cache.fork(id, 65); }),
            "kv cache: expected to fork at all 70 tokens or a multiple of 64 below, got 65");
  EXPECT_NE(refused([&] { model.cache.fork(id, 128); }), "accepted");
  EXPECT_NE(refused([&] { model.cache.fork(id, -64); }), "accepted");
  model.free(id);
  const std::string gone = concat("kv cache: there is no sequence ", id);
  EXPECT_EQ(refused([&] { model.cache.free(id); }), gone);
  EXPECT_EQ(refused([&] { model.cache.length(id); }), gone);
  EXPECT_EQ(refused([&] { model.cache.fork(id, 0); }), gone);
}

}  // namespace
}  // namespace hadal::dao
