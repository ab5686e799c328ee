#include "hadal/draf/cache/prefix_index.h"

#include "hadal/core/random.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using Ids = std::vector<std::int64_t>;

Ids text_of(std::int64_t blocks, std::int64_t rest, Random& random) {
  Ids ids;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const auto which = static_cast<std::int64_t>(random.below(2));
    for (std::int64_t i = 0; i < 64; ++i) ids.push_back(which * 100 + i);
  }
  for (std::int64_t i = 0; i < rest; ++i) ids.push_back(7);
  return ids;
}

std::int64_t common_blocks(const Ids& a, const Ids& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  const auto most = std::min(a.size() / 64, b.size() / 64);
  return static_cast<std::int64_t>(std::min(static_cast<std::size_t>(end - a.begin()) / 64, most) *
                                   64);
}

/// Against a search through all texts, as they come and go.
void expect_finds(PrefixIndex& index) {
  Random random(2);
  std::map<std::int64_t, Ids> texts;
  for (std::int64_t id = 0; id < 400; ++id) {
    const Ids text = text_of(random.between(0, 4), random.between(0, 63), random);
    std::int64_t expected = 0;
    for (const auto& [other, held] : texts)
      expected = std::max(expected, common_blocks(text, held));
    const auto found = index.find(text);
    ASSERT_EQ(found ? found->tokens : 0, expected) << id;
    if (found) {
      ASSERT_EQ(common_blocks(text, texts.at(found->id)), expected);
    }
    // Noted in two parts, as a sequence grows.
    index.extend(id, std::span(text).first(text.size() / 2));
    index.extend(id, text);
    texts[id] = text;
    if (texts.size() > 6) {
      const auto gone = std::next(texts.begin(), static_cast<int>(random.below(6)));
      index.remove(gone->first);
      texts.erase(gone);
    }
  }
}

TEST(PrefixIndex, FindsTheLongestBeginning) {
  PrefixIndex index;
  expect_finds(index);
}

TEST(PrefixIndex, IsNotFooledByEqualHashes) {
  PrefixIndex index([](std::uint64_t, std::span<const std::int64_t>) { return std::uint64_t{1}; });
  Random random(1);
  const Ids a(128, 1);
  const Ids b(128, 2);
  index.extend(1, a);
  EXPECT_FALSE(index.find(b));
  index.extend(2, b);
  ASSERT_TRUE(index.find(b));
  EXPECT_EQ(index.find(b)->id, 2);
  EXPECT_EQ(index.find(b)->tokens, 128);
  EXPECT_FALSE(index.find(b, 2));
}

TEST(PrefixIndex, FindsTheLongestWhateverTheHash) {
  // Of the 16 texts of up to 4 blocks, many share a hash.
  PrefixIndex index([](std::uint64_t before, std::span<const std::int64_t> block) {
    return (before + static_cast<std::uint64_t>(block[0])) % 3;
  });
  expect_finds(index);
}

}  // namespace
}  // namespace hadal::draf
