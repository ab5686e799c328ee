#include "hadal/bench/runner/registry.h"

#include "hadal/bench/runner/testing.h"
#include "hadal/core/error.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::tiny_case;

std::vector<std::string> ids_of(const std::vector<Case>& cases) {
  std::vector<std::string> ids;
  for (const Case& item : cases) ids.push_back(item.id);
  return ids;
}

std::vector<Case> some_cases() {
  std::vector<Case> cases{tiny_case("cv/resnet"), tiny_case("cv/vision-dao"),
                          tiny_case("cv/glyphs")};
  cases[1].module = "dao";
  return cases;
}

std::vector<std::string> selected(const std::vector<std::string>& patterns) {
  return ids_of(select(some_cases(), patterns));
}

TEST(Select, TakesAllIdsDomainsGlobsAndModules) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(selected({}).size(), 3U);
  EXPECT_EQ(selected({"cv"}).size(), 3U);
  EXPECT_EQ(selected({"cv/glyphs"}), Ids{"cv/glyphs"});
  EXPECT_EQ(selected({"*/vision*"}), Ids{"cv/vision-dao"});
  EXPECT_EQ(selected({"module:dao"}), Ids{"cv/vision-dao"});
  EXPECT_EQ(selected({"cv/glyphs", "cv/*e*"}), (Ids{"cv/resnet", "cv/glyphs"}));
}

TEST(Select, RefusesAPatternWithoutAMatchAndNamesWhatIsNear) {
  try {
    selected({"cv/resnet", "cv/rest"});
    FAIL() << "an unknown case was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "no benchmark case matches 'cv/rest'");
    EXPECT_EQ(error.hint(), "did you mean cv/resnet?");
  }
  EXPECT_THROW(selected({"nlp"}), InvalidArgument);
  EXPECT_THROW(selected({""}), InvalidArgument);
}

TEST(ValidateCase, NamesWhatIsMissing) {
  EXPECT_NO_THROW(validate(tiny_case()));
  const auto refused = [](auto change) {
    Case definition = tiny_case();
    change(definition);
    try {
      validate(definition);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused([](Case& c) { c.id = "nlp/tiny"; }),
            "benchmark case 'nlp/tiny': expected an id 'cv/<name>' of a-z, 0-9, '.', '_' and '-'");
  EXPECT_NE(refused([](Case& c) { c.id = "cv/"; }), "accepted");
  EXPECT_NE(refused([](Case& c) { c.id = "cv/Tiny"; }), "accepted");
  EXPECT_NE(refused([](Case& c) { c.version = 0; }), "accepted");
  EXPECT_NE(refused([](Case& c) { c.gate.metric = ""; }), "accepted");
  EXPECT_NE(refused([](Case& c) { c.gate.target = NAN; }), "accepted");
  EXPECT_NE(refused([](Case& c) { c.prepare = nullptr; }), "accepted");
}

}  // namespace
}  // namespace hadal::bench
