#include "hadal/draf/text/detokenizer.h"

#include "hadal/core/random.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/exercise.h"
#include "hadal/testing/paths.h"

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

constexpr std::string_view kText = "the caf\u00e9 \u4e16\u754c \U0001F600\U0001F469 \u0301x aaaa.";

/// The parts that the ids give, each of which must be whole characters.
std::vector<std::string> parts_of(const data::Tokenizer& tokenizer,
                                  std::span<const std::int64_t> before,
                                  std::span<const std::int64_t> ids) {
  Detokenizer detokenizer(tokenizer, before);
  std::vector<std::string> parts;
  for (const std::int64_t id : ids) parts.push_back(detokenizer.add(id));
  parts.push_back(detokenizer.finish());
  for (const std::string& part : parts) EXPECT_FALSE(find_invalid_utf8(part)) << part;
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

TEST(Detokenizer, GivesWholeCharactersAndTheWholeText) {
  const auto levels = data::byte_level_tokenizer();
  const data::ByteTokenizer bytes;
  for (const data::Tokenizer* tokenizer : {static_cast<const data::Tokenizer*>(levels.get()),
                                           static_cast<const data::Tokenizer*>(&bytes)}) {
    const auto ids = tokenizer->encode(kText);
    for (std::size_t prompt = 0; prompt < ids.size(); ++prompt) {
      const std::span all(ids);
      const std::string before = tokenizer->decode(all.first(prompt));
      if (find_invalid_utf8(before) || before.ends_with("\uFFFD")) continue;
      const auto parts = parts_of(*tokenizer, all.first(prompt), all.subspan(prompt));
      EXPECT_EQ(before + joined(parts), kText);
      EXPECT_EQ(parts.back(), "");
    }
  }
}

TEST(Detokenizer, HoldsACharacterBackUntilItIsComplete) {
  const auto tokenizer = data::byte_level_tokenizer();
  const auto parts = parts_of(*tokenizer, {}, tokenizer->encode("a\U0001F600"));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "", "", "\U0001F600", ""}));
}

TEST(Detokenizer, GivesAPartOfACharacterAtTheEnd) {
  const data::ByteTokenizer bytes;
  const std::vector<std::int64_t> cut{'a', 0xF0, 0x9F};
  EXPECT_EQ(parts_of(bytes, {}, cut), (std::vector<std::string>{"a", "", "", "\uFFFD"}));
}

TEST(Detokenizer, DoesNotWaitForeverForWhatIsNoCharacter) {
  const auto tokenizer = data::byte_level_tokenizer();
  Detokenizer detokenizer(*tokenizer, {});
  std::size_t held = 0;
  std::size_t longest = 0;
  for (int i = 0; i < 1000; ++i) {
    held = detokenizer.add(0xFF).empty() ? held + 1 : 0;
    longest = std::max(longest, held);
  }
  EXPECT_LT(longest, 8U);
}

TEST(Detokenizer, TakesAnyTokens) {
  const auto tokenizer = data::byte_level_tokenizer();
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 30; ++i) {
      ids.push_back(random.between(0, tokenizer->vocabulary_size() - 1));
    }
    parts_of(*tokenizer, std::span(ids).first(10), std::span(ids).subspan(10));
  }
}

TEST(DetokenizerRealData, KeepsTheSpacesOfSentencePieceTokens) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto tokenizer = data::load_tokenizer(folder);
  const std::string text = "Once upon a time, there was a girl. \U0001F600 Tim\u00e9 said hi.";
  const auto ids = tokenizer->encode(text);
  const std::span all(ids);
  EXPECT_EQ(joined(parts_of(*tokenizer, {}, all)), tokenizer->decode(ids));
  EXPECT_EQ(
      tokenizer->decode(all.first(4)) + joined(parts_of(*tokenizer, all.first(4), all.subspan(4))),
      tokenizer->decode(ids));
}

}  // namespace
}  // namespace hadal::draf
