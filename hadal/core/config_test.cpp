#include "hadal/core/config.h"

#include "hadal/core/config_exercise.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <gtest/gtest.h>

namespace hadal {
namespace {

constexpr std::string_view kFile = R"(
name = "run"

[optimizer]
kind = "adamw"
rate = 1e-3
steps = 20
nesterov = true
layers = ["a", "b"]

[optimizer.inner]
x = 1
)";

ConfigTable example() { return ConfigTable::parse(kFile, "a.toml"); }

template <class Action>
std::string refusal(const Action& action) {
  return hadal::testing::error_of<FormatError>(action);
}

TEST(Config, GivesWhatTheFileSays) {
  const ConfigTable file = example();
  const ConfigTable optimizer = file.table("optimizer");
  EXPECT_EQ(file.text("name"), "run");
  EXPECT_EQ(optimizer.choice("kind", {"sgd", "adamw"}), "adamw");
  EXPECT_EQ(optimizer.number("rate", 5.0), 1e-3);
  EXPECT_EQ(optimizer.number("steps", 5.0), 20.0);
  EXPECT_EQ(optimizer.integer("steps", 5), 20);
  EXPECT_TRUE(optimizer.flag("nesterov"));
  EXPECT_EQ(optimizer.texts("layers"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(optimizer.table("inner").integer("x", 0), 1);
  EXPECT_NO_THROW(file.finish());
}

TEST(Config, GivesTheFallbackWhereTheFileSaysNothing) {
  const ConfigTable none = example().table("none");
  EXPECT_EQ(none.text("a", "x"), "x");
  EXPECT_EQ(none.choice("a", {"x", "y"}, "y"), "y");
  EXPECT_EQ(none.number("a", 0.5), 0.5);
  EXPECT_EQ(none.integer("a", -3), -3);
  EXPECT_FALSE(none.flag("a", false));
  EXPECT_TRUE(none.texts("a").empty());
  EXPECT_FALSE(none.has("a"));
  EXPECT_TRUE(example().has("name"));
}

TEST(Config, NamesLineAndFieldOfAValueOfAnotherType) {
  const ConfigTable file = example();
  const ConfigTable optimizer = file.table("optimizer");
  EXPECT_EQ(refusal([&] { file.integer("name", 1); }),
            "a.toml, line 2: name: expected an integer, got \"run\"");
  EXPECT_EQ(refusal([&] { optimizer.text("rate"); }),
            "a.toml, line 6: optimizer.rate: expected a text, got 0.001");
  EXPECT_EQ(refusal([&] { optimizer.integer("rate", 1); }),
            "a.toml, line 6: optimizer.rate: expected an integer, got 0.001");
  EXPECT_EQ(refusal([&] { optimizer.number("nesterov", 1.0); }),
            "a.toml, line 8: optimizer.nesterov: expected a number, got true");
  EXPECT_EQ(refusal([&] { optimizer.flag("steps", false); }),
            "a.toml, line 7: optimizer.steps: expected true or false, got 20");
  EXPECT_EQ(refusal([&] { optimizer.texts("kind"); }),
            "a.toml, line 5: optimizer.kind: expected a list of texts, got \"adamw\"");
  EXPECT_EQ(refusal([&] { file.table("name"); }),
            "a.toml, line 2: name: expected a table, got \"run\"");
  EXPECT_EQ(refusal([&] { file.text("optimizer"); }),
            "a.toml, line 4: optimizer: expected a text, got a table");
  EXPECT_EQ(refusal([&] { optimizer.choice("kind", {"sgd", "adam"}); }),
            "a.toml, line 5: optimizer.kind: expected one of sgd, adam, got \"adamw\"");
}

TEST(Config, NamesWhatAValueOutOfRangeShouldBe) {
  const ConfigTable optimizer = example().table("optimizer");
  EXPECT_EQ(refusal([&] { optimizer.integer("steps", 1, {.at_least = 1, .at_most = 10}); }),
            "a.toml, line 7: optimizer.steps: expected an integer from 1 to 10, got 20");
  EXPECT_EQ(refusal([&] { optimizer.number("rate", 1.0, {.above = 0.5}); }),
            "a.toml, line 6: optimizer.rate: expected a number above 0.5, got 0.001");
  EXPECT_THROW(ConfigTable::parse("a = nan", "x").number("a", 1.0), FormatError);
  EXPECT_EQ(ConfigTable::parse("a = 1", "x").number("a", 2.0, {.at_least = 1, .at_most = 1}), 1.0);
}

TEST(Config, NamesAFieldThatMustBeThere) {
  const ConfigTable optimizer = example().table("optimizer");
  EXPECT_EQ(refusal([&] { optimizer.text("folder"); }),
            "a.toml, line 4: optimizer.folder: expected a text, but the field is missing");
  EXPECT_EQ(refusal([&] { example().table("none").integer("x", {}); }),
            "a.toml: none.x: expected an integer, but the field is missing");
}

TEST(Config, RefusesWhatNobodyAskedFor) {
  const ConfigTable file = example();
  file.text("name");
  file.table("optimizer").text("kind");
  EXPECT_EQ(refusal([&] { file.finish(); }), "a.toml, line 11: optimizer.inner: unknown field")
      << "fields are told in the order of their names";
  const ConfigTable other = example();
  other.text("name");
  EXPECT_EQ(refusal([&] { other.finish(); }), "a.toml, line 4: optimizer: unknown field");
}

TEST(Config, RefusesAValueForTheCallersReason) {
  const ConfigTable file = example();
  EXPECT_EQ(refusal([&] { file.refuse("name", "it is taken"); }),
            "a.toml, line 2: name: it is taken");
}

TEST(Config, NamesThePlaceWhereTheFileIsNoToml) {
  EXPECT_EQ(refusal([] { ConfigTable::parse("a = 1\nb = = 2", "a.toml"); }).substr(0, 24),
            "a.toml, line 2, column 5");
  EXPECT_THROW(ConfigTable::parse("a = 1\na = 2", "a.toml"), FormatError);
  EXPECT_THROW(ConfigTable::parse("a = \"\xff\"", "a.toml"), FormatError);
  EXPECT_THROW(ConfigTable::parse(std::string(100'000, '['), "a.toml"), FormatError);
  EXPECT_THROW(ConfigTable::read("/nonexistent/a.toml"), IoError);
}

// Of each toml++ lets the compiler assume that it never comes.
TEST(Config, RefusesWhatItsParserThinksImpossible) {
  for (const char* text : {"[{", "[{=1", "[,]", "[[{b]]", "a \u00f7 = 1"}) {
    const std::string message = refusal([&] { ConfigTable::parse(text, "a.toml"); });
    EXPECT_TRUE(message.starts_with("a.toml, line 1, column ")) << text << ": " << message;
  }
}

TEST(ConfigCorpus, IsReadOrRefused) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           hadal::testing::source_path("hadal/core/testdata/config"))) {
    SCOPED_TRACE(entry.path());
    EXPECT_NO_THROW(exercise_config(read_file(entry.path())));
    ++files;
  }
  EXPECT_GT(files, 3);
}

}  // namespace
}  // namespace hadal
