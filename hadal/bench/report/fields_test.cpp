#include "hadal/bench/report/fields.h"

#include <tuple>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

template <class Class>
constexpr std::size_t kWritten =
    std::tuple_size_v<decltype(fields_of(static_cast<const Class*>(nullptr)))>;

template <class... Members>
constexpr std::size_t count(const Members&...) {
  return sizeof...(Members);
}

// Structured bindings must name every member of a struct: whoever adds one has to add it here, and
// then to its list of fields.
TEST(Fields, ListEveryMemberOfEachStruct) {
  {
    const auto& [a, b, c] = DataSource{};
    EXPECT_EQ(kWritten<DataSource>, count(a, b, c));
  }
  {
    const auto& [a, b, c, d, e, f] = QualityResult{};
    EXPECT_EQ(kWritten<QualityResult>, count(a, b, c, d, e, f));
  }
  {
    const auto& [a, b, c] = Estimate{};
    EXPECT_EQ(kWritten<Estimate>, count(a, b, c));
  }
  {
    const auto& [a, b] = Timing{};
    EXPECT_EQ(kWritten<Timing>, count(a, b));
  }
  {
    const auto& [a, b, c, d, e, f, g] = Speed{};
    EXPECT_EQ(kWritten<Speed>, count(a, b, c, d, e, f, g));
  }
  {
    const auto& [a, b, c, d] = Cost{};
    EXPECT_EQ(kWritten<Cost>, count(a, b, c, d));
  }
  {
    const auto& [a, b, c] = Metric{};
    EXPECT_EQ(kWritten<Metric>, count(a, b, c));
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = CaseResult{};
    EXPECT_EQ(kWritten<CaseResult>, count(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o));
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l] = Environment{};
    EXPECT_EQ(kWritten<Environment>, count(a, b, c, d, e, f, g, h, i, j, k, l));
  }
  {
    const auto& [a, b, c, d, e, f] = Claim{};
    EXPECT_EQ(kWritten<Claim>, count(a, b, c, d, e, f));
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k] = Report{};
    EXPECT_EQ(kWritten<Report>, count(a, b, c, d, e, f, g, h, i, j, k));
  }
}

}  // namespace
}  // namespace hadal::bench
