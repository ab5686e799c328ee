#include "hadal/hpts/distributed/orthogonalize.h"

#include "hadal/core/random.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

std::vector<float> random_rows(std::int64_t count, std::int64_t length, double scale) {
  Random random(static_cast<std::uint64_t>(count * length));
  std::vector<float> rows(static_cast<std::size_t>(count * length));
  for (float& value : rows) value = static_cast<float>(scale * random.normal());
  return rows;
}

double dot(const std::vector<float>& rows, std::int64_t length, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t k = 0; k < length; ++k) {
    sum += static_cast<double>(rows[static_cast<std::size_t>(i * length + k)]) *
           rows[static_cast<std::size_t>(j * length + k)];
  }
  return sum;
}

TEST(Orthogonalize, MakesRowsOrthonormalAtAnyScale) {
  for (const double scale : {1e-18, 1.0, 1e12}) {
    for (const std::int64_t length : {8, 13, 1000}) {
      auto rows = random_rows(5, length, scale);
      EXPECT_TRUE(orthogonalize(rows, 5).empty());
      for (std::int64_t i = 0; i < 5; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
          EXPECT_NEAR(dot(rows, length, i, j), i == j, 1e-6) << scale << ' ' << length;
        }
      }
    }
  }
}

TEST(Orthogonalize, StaysOrthogonalWhereRowsAreNearlyParallel) {
  auto rows = random_rows(3, 100, 1);
  // Rows 1 and 2 are row 0 and a little.
  for (std::size_t i = 100; i < 300; ++i) rows[i] = rows[i % 100] + 1e-3F * rows[i];
  EXPECT_TRUE(orthogonalize(rows, 3).empty());
  EXPECT_NEAR(dot(rows, 100, 0, 1), 0, 1e-6);
  EXPECT_NEAR(dot(rows, 100, 0, 2), 0, 1e-6);
  EXPECT_NEAR(dot(rows, 100, 1, 2), 0, 1e-6);
}

TEST(Orthogonalize, MakesDependentRowsZeroAndNamesThem) {
  auto rows = random_rows(4, 50, 1);
  for (std::size_t i = 0; i < 50; ++i) {
    rows[50 + i] = 0;
    rows[150 + i] = 3 * rows[i] - rows[100 + i];
  }
  EXPECT_EQ(orthogonalize(rows, 4), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(dot(rows, 50, 1, 1), 0);
  EXPECT_EQ(dot(rows, 50, 3, 3), 0);
  EXPECT_NEAR(dot(rows, 50, 2, 2), 1, 1e-6);
}

TEST(Orthogonalize, LetsWhatIsNotFiniteBeSeen) {
  auto rows = random_rows(2, 10, 1);
  rows[3] = NAN;
  orthogonalize(rows, 2);
  EXPECT_TRUE(std::isnan(rows[0]));
}

}  // namespace
}  // namespace hadal::hpts
