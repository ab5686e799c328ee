#include "hadal/draf/cache/sequence_cache.h"

#include "hadal/core/random.h"
#include "hadal/dao/decode/cache_state.h"

#include <map>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using Ids = std::vector<std::int64_t>;

SequenceCache cache_of(std::int64_t pages) {
  const dao::KvCacheOptions layer{.pages = pages, .kv_heads = 1, .head_dim = 4, .type = at::kFloat};
  return SequenceCache({layer, layer});
}

/// Computes the tokens after the first `from`: each layer's keys and values are the tokens' ids.
void compute(SequenceCache& cache, SequenceCache::Id id, const Ids& tokens, std::int64_t from) {
  const auto count = static_cast<std::int64_t>(tokens.size()) - from;
  at::Tensor keys = at::full({1, 1, count, 4}, 0.0F);
  for (std::int64_t i = 0; i < count; ++i) {
    keys[0][0][i].fill_(static_cast<double>(tokens[static_cast<std::size_t>(from + i)]));
  }
  for (std::int64_t layer = 0; layer < 2; ++layer) cache.append(layer, {&id, 1}, keys, keys);
  cache.note(id, tokens);
}

/// What the cache holds for a sequence, in the last layer.
Ids held(const SequenceCache& cache, SequenceCache::Id id) {
  const auto name = cache.in_layer(1, {&id, 1}).front();
  const dao::CacheState& state = cache.layer(1).state();
  const auto& sequence = state.at(name);
  Ids result;
  for (std::int64_t i = 0; i < sequence.length; ++i) {
    const auto page = sequence.pages[static_cast<std::size_t>(i / 64)];
    result.push_back(
        static_cast<std::int64_t>(state.memory.keys(page, 64)[0][i % 64][0].item<double>()));
  }
  return result;
}

Ids counted(std::int64_t count, std::int64_t from = 0) {
  Ids ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(from + i);
  return ids;
}

TEST(SequenceCache, SharesThePagesOfRunningAndEndedSequences) {
  SequenceCache cache = cache_of(10);
  const Ids tokens = counted(150);
  const auto first = cache.begin(tokens);
  EXPECT_EQ(first.cached, 0);
  compute(cache, first.id, tokens, 0);
  const auto second = cache.begin(tokens);
  EXPECT_EQ(second.cached, 128);
  EXPECT_EQ(cache.free_pages(), 7);
  compute(cache, second.id, tokens, 128);
  EXPECT_EQ(held(cache, second.id), tokens);
  EXPECT_EQ(cache.free_pages(), 6);
  cache.end(first.id, tokens);
  cache.end(second.id, tokens);
  EXPECT_EQ(cache.free_pages(), 8);  // two pages stay
  EXPECT_EQ(cache.available_pages(), 10);
  const auto third = cache.begin(tokens);
  EXPECT_EQ(third.cached, 128);
  EXPECT_EQ(held(cache, third.id), counted(128));
}

TEST(SequenceCache, ComputesTheLastTokenAnyway) {
  SequenceCache cache = cache_of(10);
  const Ids tokens = counted(128);
  const auto first = cache.begin(tokens);
  compute(cache, first.id, tokens, 0);
  EXPECT_EQ(cache.begin(tokens).cached, 64);
}

TEST(SequenceCache, GivesUpWhatWasOfUseLeastLately) {
  SequenceCache cache = cache_of(6);
  for (const std::int64_t from : {1000, 2000, 3000}) {
    const auto begun = cache.begin(counted(128, from));
    compute(cache, begun.id, counted(128, from), 0);
    cache.end(begun.id, counted(128, from));
  }
  EXPECT_EQ(cache.free_pages(), 0);
  cache.drop(cache.begin(counted(129, 1000)).id);  // of use
  EXPECT_TRUE(cache.make_room(2));
  EXPECT_EQ(cache.begin(counted(129, 2000)).cached, 0);
  EXPECT_EQ(cache.begin(counted(129, 1000)).cached, 128);
  EXPECT_TRUE(cache.make_room(4));
  EXPECT_FALSE(cache.make_room(5));  // two are in use
}

TEST(SequenceCache, HoldsWhatWasPutInWhateverComesAndGoes) {
  SequenceCache cache = cache_of(24);
  Random random(4);
  std::map<SequenceCache::Id, Ids> running;
  for (int i = 0; i < 600; ++i) {
    if (random.uniform() < 0.5 && running.size() < 5) {
      // Beginnings of one of two texts, and tails of their own.
      Ids tokens = counted(random.between(0, 3) * 64, random.between(0, 1) * 500);
      const Ids tail = counted(random.between(1, 70), random.between(1000, 1003));
      tokens.insert(tokens.end(), tail.begin(), tail.end());
      const auto begun = cache.begin(tokens);
      const auto rest = static_cast<std::int64_t>(tokens.size()) - begun.cached;
      if (!cache.make_room(cache.pages_needed(begun.id, rest))) {
        cache.drop(begun.id);
        continue;
      }
      compute(cache, begun.id, tokens, begun.cached);
      running[begun.id] = tokens;
    } else if (!running.empty()) {
      const auto gone =
          std::next(running.begin(), static_cast<std::ptrdiff_t>(random.below(running.size())));
      ASSERT_EQ(held(cache, gone->first), gone->second);
      if (random.uniform() < 0.2) {
        cache.drop(gone->first);
      } else {
        cache.end(gone->first, gone->second);
      }
      running.erase(gone);
    }
  }
  for (const auto& [id, tokens] : running) cache.end(id, tokens);
  EXPECT_EQ(cache.available_pages(), 24);
  EXPECT_TRUE(cache.make_room(24));
  EXPECT_EQ(cache.free_pages(), 24);
}

}  // namespace
}  // namespace hadal::draf
