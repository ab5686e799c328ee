#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

#include <algorithm>
#include <sstream>

namespace hadal::data {
namespace {

std::string text_of(const std::string& file) { return read_text(corpus::folder("text") / file); }

TEST(Text, ReadsUtf8) {
  EXPECT_EQ(text_of("plain.txt"), "déjà vu 😀\r\nsecond\n");
  EXPECT_EQ(text_of("bom.txt"), "déjà vu");
  EXPECT_EQ(text_of("packed.txt"), "déjà vu\n");
  EXPECT_EQ(text_of("bom_only.txt"), "");
  EXPECT_EQ(text_of("empty.txt"), "");
  EXPECT_EQ(text_of("nul.txt"), std::string("a\0b", 3));
  EXPECT_EQ(text_of("highest.txt"), "\xF4\x8F\xBF\xBF");
}

TEST(Text, NamesWhatIsMalformed) {
  corpus::expect_errors(
      "text",
      {{"latin1.txt", "byte 9 in line 2: expected UTF-8, found the byte 233"},
       {"overlong.txt", "byte 1 in line 1: expected UTF-8, found the byte 192"},
       {"surrogate.txt", "byte 2 in line 1: expected UTF-8, found the byte 237"},
       {"beyond_unicode.txt", "byte 0 in line 1: expected UTF-8, found the byte 244"},
       {"cut_sequence.txt", "byte 2 in line 1: expected UTF-8, found the byte 240"},
       {"lone_continuation.txt", "byte 0 in line 1: expected UTF-8, found the byte 128"},
       {"utf16.txt", "byte 0 in line 1: expected UTF-8, found the byte 255"},
       {"bom_cut.txt", "byte 0 in line 1: expected UTF-8, found the byte 239"},
       {"packed.txt", "byte 1 in line 1: expected UTF-8, found the byte 139"}},
      6, [](auto bytes, const std::string& source) { parse_text(to_text(bytes), source); });
}

TEST(Text, ThrowsNothingButErrors) { corpus::expect_only_errors("text", exercise_text); }

TEST(Text, IsBoundedAndNamesTheFile) {
  const auto path = corpus::folder("text") / "plain.txt";
  EXPECT_EQ(corpus::error_of([&] { read_text(path, 22); }),
            path.string() + ": 23 bytes, but at most 22 are read");
  EXPECT_EQ(read_text(path, 23).size(), 23U);
  EXPECT_THROW(read_text(path.string() + ".absent"), IoError);
}

TEST(TextRealData, ReadsTinyShakespeare) {
  HADAL_REQUIRE_DATA(file, "nlp/tinyshakespeare.txt");
  const std::string text = read_text(file);
  EXPECT_EQ(text.size(), 1115394U);
  EXPECT_EQ(text.substr(0, 14), "First Citizen:");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 40000);
}

/// The words of a text and one end of sentence a line, as language models count WikiText.
std::int64_t tokens_of(const std::string& text) {
  std::istringstream words(text);
  std::int64_t count = std::count(text.begin(), text.end(), '\n');
  for (std::string word; words >> word;) ++count;
  return count;
}

TEST(TextRealData, ReadsWikiText2) {
  HADAL_REQUIRE_DATA(folder, "nlp/wikitext2");
  const std::string valid = read_text(folder / "valid.txt");
  EXPECT_EQ(valid.size(), 1121681U);
  EXPECT_EQ(tokens_of(valid), 217646);
  const std::string test = read_text(folder / "test.txt");
  EXPECT_EQ(test.size(), 1256449U);
  EXPECT_EQ(tokens_of(test), 245569);
}

struct Sentences {
  std::size_t count = 0;
  std::size_t positive = 0;
  std::string first;
};

Sentences sentences_of(const std::string& text) {
  std::istringstream lines(text);
  Sentences found;
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "sentence\tlabel");
  while (std::getline(lines, line)) {
    const std::size_t tab = line.find('\t');
    EXPECT_EQ(tab + 2, line.size()) << line;
    if (found.count++ == 0) found.first = line.substr(0, tab);
    found.positive += line.back() == '1';
  }
  return found;
}

TEST(TextRealData, ReadsSst2) {
  HADAL_REQUIRE_DATA(folder, "nlp/sst2");
  const Sentences train = sentences_of(read_text(folder / "train.tsv"));
  EXPECT_EQ(train.count, 67349U);
  EXPECT_EQ(train.positive, 37569U);
  EXPECT_EQ(train.first, "hide new secretions from the parental units ");
  const Sentences dev = sentences_of(read_text(folder / "dev.tsv"));
  EXPECT_EQ(dev.count, 872U);
  EXPECT_EQ(dev.positive, 444U);
}

}  // namespace
}  // namespace hadal::data
