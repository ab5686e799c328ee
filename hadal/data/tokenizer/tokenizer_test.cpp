#include "hadal/data/tokenizer/tokenizer.h"

#include "hadal/core/error.h"
#include "hadal/data/tokenizer/exercise.h"
#include "hadal/data/tokenizer/regex.h"
#include "hadal/data/tokenizer/unicode.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

using hadal::testing::error_of;
using Ids = std::vector<std::int64_t>;

std::filesystem::path testdata(const std::string& name) {
  return hadal::testing::source_path("hadal/data/tokenizer/testdata/" + name);
}

TEST(ByteTokenizer, GivesBytesBackUnchanged) {
  const ByteTokenizer tokenizer;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const Ids ids = tokenizer.encode(all);
  ASSERT_EQ(ids.size(), 256U);
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(ids[static_cast<std::size_t>(byte)], byte);
  EXPECT_EQ(tokenizer.decode(ids), all);
  EXPECT_EQ(tokenizer.vocabulary_size(), 256);
  EXPECT_EQ(tokenizer.token_to_id("\xff"), 255);
  EXPECT_EQ(tokenizer.token_to_id("ab"), std::nullopt);
  EXPECT_EQ(tokenizer.id_to_token(65), "A");
}

TEST(ByteTokenizer, RefusesWhatIsNoByte) {
  for (const std::int64_t id : {-1L, 256L}) {
    EXPECT_THROW(ByteTokenizer().decode(Ids{id}), InvalidArgument);
    EXPECT_THROW(ByteTokenizer().id_to_token(id), InvalidArgument);
  }
}

TEST(BpeTokenizer, NamesTheByteThatIsNotUtf8) {
  const auto tokenizer = byte_level_tokenizer();
  const auto error = [&](const std::string& text) {
    return error_of<InvalidArgument>([&] { tokenizer->encode(text); });
  };
  EXPECT_EQ(error("ab\xc3\x28"), "the text is not UTF-8: byte 2 of 4 starts no character");
  EXPECT_EQ(error("\xed\xa0\x80"), "the text is not UTF-8: byte 0 of 3 starts no character");
  EXPECT_EQ(error("a\xf4\x90\x80\x80"), "the text is not UTF-8: byte 1 of 5 starts no character");
  EXPECT_EQ(error("a\xc0\x80"), "the text is not UTF-8: byte 1 of 3 starts no character");
  EXPECT_EQ(error("\xf0\x9f\x98"), "the text is not UTF-8: byte 0 of 3 starts no character");
}

TEST(BpeTokenizer, RefusesIdsOutsideTheVocabulary) {
  const auto tokenizer = byte_level_tokenizer();
  ASSERT_EQ(tokenizer->vocabulary_size(), 261);
  EXPECT_EQ(error_of<InvalidArgument>([&] { tokenizer->decode(Ids{65, 261}); }),
            "token id 261 is not in [0, 261)");
  EXPECT_THROW(tokenizer->decode(Ids{-1}), InvalidArgument);
  EXPECT_THROW(tokenizer->id_to_token(std::int64_t{1} << 40), InvalidArgument);
}

TEST(BpeTokenizer, LooksTokensUp) {
  const auto tokenizer = load_tokenizer(testdata("llama3.tokenizer.json"));
  EXPECT_EQ(tokenizer->token_to_id("<s>"), 900);
  EXPECT_EQ(tokenizer->id_to_token(902), "<|endoftext|>");
  EXPECT_EQ(tokenizer->vocabulary_size(), 903);
  EXPECT_EQ(tokenizer->token_to_id("no such token"), std::nullopt);
}

TEST(BpeTokenizer, MarksTheFirstPartOfACharacter) {
  const auto tokenizer = byte_level_tokenizer();
  const Ids ids = tokenizer->encode("a\U0001F600");
  ASSERT_EQ(ids.size(), 5U);
  EXPECT_EQ(tokenizer->decode(std::span(ids).first(3)), "a\uFFFD");
}

TEST(BpeTokenizer, EncodesAMegabyteOfOneLetter) {
  const std::string text(1'000'000, 'a');
  const auto tokenizer = byte_level_tokenizer();
  const Ids ids = tokenizer->encode(text);
  // "aaaa" is the longest merge.
  EXPECT_EQ(ids.size(), 250'000U);
  EXPECT_EQ(tokenizer->decode(ids), text);
}

/// A tokenizer with an added token 1 that is a space.
std::unique_ptr<Tokenizer> space_tokenizer(bool strip_left) {
  const nlohmann::json token = {{"id", 1},         {"content", " "},       {"lstrip", strip_left},
                                {"rstrip", true},  {"single_word", false}, {"normalized", false},
                                {"special", false}};
  const nlohmann::json file = {
      {"added_tokens", nlohmann::json::array({token})},
      {"model", {{"vocab", {{"a", 0}}}, {"merges", nlohmann::json::array()}}}};
  return parse_tokenizer(file.dump(), "spaces");
}

// The numbers of ids are those of the reference implementation for shorter runs.
TEST(BpeTokenizer, FindsTokensAmongTheWhiteSpaceThatOthersTake) {
  const std::string text = "a" + std::string(1'000'000, ' ') + "a";
  EXPECT_EQ(space_tokenizer(true)->encode(text), (Ids{0, 1, 0}));
  EXPECT_EQ(space_tokenizer(false)->encode(text).size(), 1'000'002U);
}

TEST(BpeTokenizer, IsTheSameForManyThreadsAtOnce) {
  const auto tokenizer = load_tokenizer(testdata("qwen2.tokenizer.json"));
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  const auto text_of = [](int i) { return "the dog's " + std::to_string(i * 7919) + " Straße"; };
  for (Ids& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const Ids ids = tokenizer->encode(text_of(i));
        result.insert(result.end(), ids.begin(), ids.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, results[0]);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text_of(499))), text_of(499));
}

TEST(BpeTokenizer, SaysWhichFileIsAbsent) {
  const hadal::testing::TemporaryFolder folder;
  EXPECT_NE(error_of<IoError>([&] {
              load_tokenizer(folder.path());
            }).find((folder / "tokenizer.json").string()),
            std::string::npos);
}

TEST(TokenizerRegex, StopsPatternsThatBacktrackWithoutEnd) {
  const Regex bomb("(?:a|aa)+\\d");
  const std::string text(5000, 'a');
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              bomb.cut(text);
            }).find("the regular expression \"(?:a|aa)+\\\\d\" fails on a text of 5000"),
            0U);
}

TEST(TokenizerUnicode, OrdersALongRunOfMarks) {
  std::string text = "a";
  for (int i = 0; i < 50'000; ++i) text += "\u0301\u0323";
  const std::string normalized = normalize(text, NormalizationForm::nfd);
  std::string expected = "a";
  for (int i = 0; i < 50'000; ++i) expected += "\u0323";
  for (int i = 0; i < 50'000; ++i) expected += "\u0301";
  EXPECT_EQ(normalized, expected);
}

}  // namespace
}  // namespace hadal::data
