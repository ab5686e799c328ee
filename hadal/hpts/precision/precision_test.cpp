#include "hadal/core/error.h"
#include "hadal/hpts/precision/plan.h"

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

TEST(Precision, NamesReadBackAsTheyWereWritten) {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::fp16}) {
    EXPECT_EQ(parse_precision(name_of(precision)), precision);
  }
  for (const auto format : {SavedFormat::exact, SavedFormat::bf16, SavedFormat::int8_blocks}) {
    EXPECT_EQ(parse_saved_format(name_of(format)), format);
  }
}

TEST(Precision, RefusesUnknownNamesAndListsTheKnown) {
  EXPECT_THROW(parse_precision("fp8"), InvalidArgument);
  EXPECT_THROW(parse_precision(""), InvalidArgument);
  try {
    parse_saved_format("int4");
    FAIL() << "it was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("\"int4\""), std::string::npos);
    EXPECT_EQ(error.hint(), "one of exact, bf16, int8_blocks");
  }
}

TEST(PrecisionPlan, GivesLayersThatItDoesNotNameTheOther) {
  PrecisionPlan plan{.otherwise = {Precision::bf16, SavedFormat::int8_blocks}};
  plan.layers["fc"] = {Precision::fp32, SavedFormat::exact};
  EXPECT_EQ(plan.of("fc"), (LayerPlan{Precision::fp32, SavedFormat::exact}));
  EXPECT_EQ(plan.of("fc.inner"), plan.otherwise);
}

}  // namespace
}  // namespace hadal::hpts
