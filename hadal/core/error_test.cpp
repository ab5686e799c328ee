#include "hadal/core/error.h"

#include <locale>

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(Concat, PrintsItsPartsInARow) {
  EXPECT_EQ(concat("a ", 1, ' ', 2.5, std::string(" b")), "a 1 2.5 b");
}

TEST(Concat, DoesNotDependOnTheProgramsLocale) {
  struct Grouping : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new Grouping));
  const std::string text = concat(16384, " ", 0.5);
  std::locale::global(before);
  EXPECT_EQ(text, "16384 0.5");
}

TEST(Error, CarriesAMessageAndAHint) {
  const InvalidArgument error("rank is 0", "use at least 1");
  EXPECT_STREQ(error.what(), "rank is 0");
  EXPECT_EQ(error.hint(), "use at least 1");
  EXPECT_EQ(IoError("cannot").hint(), "");
}

template <class Kind>
class ErrorKind : public ::testing::Test {};
using Kinds = ::testing::Types<InvalidArgument, FormatError, IoError, Unsupported, Interrupted>;
TYPED_TEST_SUITE(ErrorKind, Kinds);

TYPED_TEST(ErrorKind, IsCaughtAsErrorAndAsStandardException) {
  EXPECT_THROW(throw TypeParam("x"), TypeParam);
  EXPECT_THROW(throw TypeParam("x"), Error);
  EXPECT_THROW(throw TypeParam("x"), std::runtime_error);
}

}  // namespace
}  // namespace hadal
