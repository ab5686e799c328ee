#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

#include <functional>

namespace hadal::data {
namespace {

using Strings = std::vector<std::string>;

JsonLines lines_of(const std::string& file) {
  return JsonLines(corpus::content("json_lines", file), "F");
}

void expect_two_records(const std::string& file) {
  SCOPED_TRACE(file);
  JsonLines lines(corpus::folder("json_lines") / file);
  const auto first = lines.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->names(), (Strings{"empty", "id", "lines", "score", "systems", "title"}));
  EXPECT_EQ(first->integer("id"), 7);
  EXPECT_EQ(first->number("id"), 7.0);
  EXPECT_EQ(first->number("score"), -0.5);
  EXPECT_EQ(first->string("title"), "é😀 \"q\" \n");
  EXPECT_EQ(first->strings("empty"), Strings{});
  EXPECT_EQ(first->strings("lines"), (Strings{"a", "", "ü"}));
  const JsonObject bart = first->object("systems").object("bart");
  EXPECT_EQ(bart.strings("summary"), (Strings{"s1", "s2"}));
  EXPECT_EQ(bart.object("scores").number("r2"), 0.25);
  const auto second = lines.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->integer("id"), -8);
  EXPECT_TRUE(second->contains("id"));
  EXPECT_FALSE(second->contains("title"));
  EXPECT_FALSE(lines.next());
  EXPECT_FALSE(lines.next());
}

TEST(JsonLines, ReadsFieldsOfAllTypes) {
  expect_two_records("two.jsonl");
  expect_two_records("two_without_end.jsonl");
  expect_two_records("two_bom_crlf.jsonl");
}

TEST(JsonLines, ReadsNothingFromABlankFile) {
  EXPECT_FALSE(lines_of("empty.jsonl").next());
  EXPECT_FALSE(lines_of("blank.jsonl").next());
}

TEST(JsonLines, KeepsObjectsBeyondTheReader) {
  auto object = lines_of("two.jsonl").next()->object("systems");
  EXPECT_EQ(object.object("bart").strings("summary").size(), 2U);
}

TEST(JsonLines, NamesWhatIsMalformed) {
  corpus::expect_errors(
      "json_lines",
      {{"blank_between.jsonl", "line 2: expected an object, found a blank line"},
       {"cut.jsonl", "line 2: near byte 5: invalid JSON: "},
       {"two_in_a_line.jsonl", "line 1: near byte 7: invalid JSON: "},
       {"over_two_lines.jsonl", "line 1: near byte 5: invalid JSON: "},
       {"list.jsonl", "line 2: expected an object, found array"},
       {"number.jsonl", "line 1: expected an object, found number"},
       {"duplicate.jsonl", R"(line 2: the key "c" comes twice)"},
       {"duplicate_escaped.jsonl", R"(line 1: the key "a" comes twice)"},
       {"too_deep.jsonl", "line 1: nested more than 64 levels deep"},
       {"bomb.jsonl", "line 1: nested more than 64 levels deep"},
       {"not_utf8.jsonl", "line 1: byte 6: expected UTF-8"},
       {"overlong.jsonl", "line 1: byte 6: expected UTF-8"},
       {"surrogate.jsonl", "line 1: byte 6: expected UTF-8"},
       {"lone_surrogate_escape.jsonl", "line 1: near byte 12: invalid JSON: "},
       {"nul.jsonl", "line 1: byte 7: the text contains a NUL"},
       {"number_overflow.jsonl", "line 1: invalid JSON: "},
       {"nan.jsonl", "line 1: near byte 5: invalid JSON: "},
       {"bom_in_second_line.jsonl", "line 2: byte 0: a byte order mark is no JSON"},
       {"carriage_returns_only.jsonl", "line 1: near byte 8: invalid JSON: "}},
      7, [](auto bytes, const std::string& source) {
        JsonLines lines(to_text(bytes), source);
        while (lines.next()) {
        }
      });
}

TEST(JsonLines, NamesTheFieldOfAnotherType) {
  const JsonObject object = *lines_of("types.jsonl").next();
  const JsonObject inner = object.object("h").object("i");
  struct Case {
    std::function<void()> read;
    const char* error;
  };
  const Case cases[] = {
      {[&] { object.string("a"); }, R"(field "a": expected a string, found null)"},
      {[&] { object.number("b"); }, R"(field "b": expected a number, found boolean)"},
      {[&] { object.integer("c"); }, R"(field "c": expected an integer, found string)"},
      {[&] { object.integer("d"); },
       R"(field "d": expected an integer from -2^63 to 2^63 - 1, found 1.5)"},
      {[&] { object.integer("e"); },
       R"(field "e": expected an integer from -2^63 to 2^63 - 1, found 18446744073709551615)"},
      {[&] { object.integer("l"); },
       R"(field "l": expected an integer from -2^63 to 2^63 - 1, found 3.0)"},
      {[&] { object.strings("c"); }, R"(field "c": expected a list of strings, found string)"},
      {[&] { object.strings("f"); }, R"(field "f[0]": expected a string, found number)"},
      {[&] { object.strings("g"); }, R"(field "g[1]": expected a string, found array)"},
      {[&] { object.object("f"); }, R"(field "f": expected an object, found array)"},
      {[&] { inner.strings("j"); }, R"(field "h.i.j[1]": expected a string, found object)"},
      {[&] { inner.number("k"); }, R"(field "h.i.k": is missing)"},
      {[&] { object.string("z\n"); }, R"(field "z\n": is missing)"}};
  for (const auto& [read, error] : cases) {
    EXPECT_EQ(corpus::error_of(read), std::string("F: line 1: ") + error);
  }
  EXPECT_EQ(object.number("e"), 18446744073709551615.0);
}

TEST(JsonLines, HintsAtTheFieldsThatThereAre) {
  const JsonObject object = *lines_of("types.jsonl").next();
  try {
    object.string("z");
    ADD_FAILURE() << "there is no z";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.hint(), R"(the fields here are "a", "b", "c", "d", "e", "f", "g", "h", ...)");
  }
}

TEST(JsonLines, BoundsTheLine) {
  const std::string longest(JsonLines::kMaxLineBytes - 8, 'x');
  EXPECT_TRUE(JsonLines("{\"a\":\"" + longest + "\"}\n", "F").next());
  EXPECT_EQ(corpus::error_of([&] { JsonLines("{\"a\":\"" + longest + "x\"}\n", "F").next(); }),
            "F: line 1: 16777217 bytes, but at most 16777216 are read");
}

TEST(JsonLines, ThrowsNothingButErrors) {
  corpus::expect_only_errors("json_lines", exercise_json_lines);
}

TEST(JsonLinesRealData, ReadsCnnDailyMail) {
  HADAL_REQUIRE_DATA(file, "nlp/cnndm-100.jsonl");
  JsonLines lines(file);
  std::int64_t records = 0;
  std::int64_t id_sum = 0;
  std::size_t article_bytes = 0;
  std::size_t references = 0;
  std::size_t systems = 0;
  std::size_t summary_sentences = 0;
  double rouge_sum = 0;
  while (const auto record = lines.next()) {
    ++records;
    id_sum += record->integer("id");
    for (const auto& part : record->strings("article")) article_bytes += part.size();
    references += record->strings("reference").size();
    const JsonObject outputs = record->object("systems");
    for (const auto& name : outputs.names()) {
      ++systems;
      const JsonObject output = outputs.object(name);
      summary_sentences += output.strings("summary").size();
      rouge_sum += output.object("scores").number("rouge_1_f_score");
    }
  }
  // As Python's json reads them.
  EXPECT_EQ(records, 100);
  EXPECT_EQ(id_sum, 4950);
  EXPECT_EQ(article_bytes, 384018U);
  EXPECT_EQ(references, 109U);
  EXPECT_EQ(systems, 330U);
  EXPECT_EQ(summary_sentences, 1125U);
  EXPECT_NEAR(rouge_sum, 144.85019, 1e-9);
}

}  // namespace
}  // namespace hadal::data
