#include "hadal/data/tokenizer/sentencepiece.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

using hadal::testing::error_of;
using Ids = std::vector<std::int64_t>;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
std::string text(std::uint64_t field, const std::string& bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string piece(const std::string& spelling, float score, std::uint64_t kind = 1) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  const std::string score_bytes(reinterpret_cast<const char*>(&bits), 4);
  const std::string message = text(1, spelling) + varint(2 << 3 | 5) + score_bytes;
  return text(1, kind == 1 ? message : message + number(3, kind));
}
std::string pieces() {
  return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("<0x0A>", 0, 6) +
         piece("ab", -1) + piece("\u2581a", -2) + piece("bc", -3) + piece("\u2581", -4) +
         piece("a", -5) + piece("b", -6) + piece("c", -7) + piece("<tool>", 0, 4);
}
/// BPE with bytes.
std::string trainer() { return text(2, number(3, 2) + number(35, 1)); }
std::string normalizer(const std::string& more = "") { return text(3, number(4, 0) + more); }

std::string refusal(const std::string& bytes) {
  try {
    parse_sentencepiece(bytes, "F");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SentencePiece, MergesByScore) {
  const auto tokenizer = parse_sentencepiece(pieces() + trainer() + normalizer(), "F");
  // "▁abc": of "▁a", "ab" and "bc" the second scores highest.
  EXPECT_EQ(tokenizer->encode("abc"), (Ids{1, 7, 4, 10}));
  EXPECT_EQ(tokenizer->encode("a bc", false), (Ids{5, 7, 6}));
  EXPECT_EQ(tokenizer->encode("a\n", false), (Ids{5, 3}));
  EXPECT_EQ(tokenizer->encode("a<tool>", false), (Ids{5, 11}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 7, 4, 10}), "abc");
}

TEST(SentencePiece, LeavesOutWhatItsSettingsLeaveOut) {
  const std::string no_begin = text(2, number(3, 2) + number(41, ~std::uint64_t{0}));
  const auto tokenizer = parse_sentencepiece(pieces() + no_begin + normalizer(number(3, 0)), "F");
  EXPECT_EQ(tokenizer->encode("ab\n"), (Ids{4, 0}));
}

TEST(SentencePiece, RefusesWhatItDoesNotKnow) {
  const std::string common = pieces() + normalizer();
  EXPECT_EQ(refusal(common), "F: a SentencePiece model other than BPE is not supported");
  EXPECT_EQ(refusal(pieces() + trainer()),
            "F: the removal of spaces before the cut is not supported");
  EXPECT_EQ(refusal(pieces() + trainer() + normalizer(text(2, "map"))),
            "F: a map of characters before the cut is not supported");
}

TEST(SentencePiece, NamesWhatIsMalformed) {
  const std::string whole = pieces() + trainer() + normalizer();
  EXPECT_EQ(refusal(""), "F: there are no pieces");
  EXPECT_EQ(refusal(piece("a", 0) + piece("a", 0) + trainer() + normalizer()),
            "F: the piece \"a\" is both 0 and 1");
  EXPECT_EQ(refusal(piece("", 0) + trainer() + normalizer()),
            "F: piece 0, \"\", has 0 bytes; expected 1 to 256");
  EXPECT_EQ(refusal(std::string("\x0a\x7f")), "F: a field has 127 bytes, but 0 follow it");
  EXPECT_EQ(refusal("\x0b"), "F: field 1 is of the unknown type 3");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NO_FATAL_FAILURE(refusal(whole.substr(0, size)));
  }
}

}  // namespace
}  // namespace hadal::data
