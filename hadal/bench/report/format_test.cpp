#include "hadal/bench/report/format.h"

#include <clocale>
#include <cmath>
#include <limits>
#include <locale>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

TEST(FormatRatio, ShowsThreeDigitsAndRoundsAcrossBorders) {
  EXPECT_EQ(format_ratio(0.0), "0.00");
  EXPECT_EQ(format_ratio(0.00123), "0.00123");
  EXPECT_EQ(format_ratio(0.0999), "0.0999");
  EXPECT_EQ(format_ratio(0.09996), "0.100");
  EXPECT_EQ(format_ratio(0.7824), "0.782");
  EXPECT_EQ(format_ratio(0.99949), "0.999");
  EXPECT_EQ(format_ratio(0.9996), "1.00");
  EXPECT_EQ(format_ratio(1.0), "1.00");
  EXPECT_EQ(format_ratio(9.994), "9.99");
  EXPECT_EQ(format_ratio(9.996), "10.0");
  EXPECT_EQ(format_ratio(99.94), "99.9");
  EXPECT_EQ(format_ratio(99.96), "100");
  EXPECT_EQ(format_ratio(999'999.4), "999999");
  EXPECT_EQ(format_ratio(999'999.6), "1e+06");
  EXPECT_EQ(format_ratio(-1.5), "-1.50");
}

TEST(FormatRatio, ShowsAnIntervalAfterTheMedian) {
  EXPECT_EQ(format_ratio(Estimate{1.234, 1.19, 1.27}), "1.23x [1.19, 1.27]");
}

TEST(FormatBytes, TakesTheLargestBinaryUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(1'288'490'188), "1.20 GiB");
  EXPECT_EQ(format_bytes((std::int64_t{1} << 30) - 1), "1.00 GiB");
  EXPECT_EQ(format_bytes(std::int64_t{1} << 40), "1.00 TiB");
  EXPECT_EQ(format_bytes(-2048), "-2.00 KiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::int64_t>::min()), "-8.39e+06 TiB");
}

TEST(FormatSeconds, TakesTheLargestUnitAndMinutesFromOneOn) {
  EXPECT_EQ(format_seconds(0), "0.00 ns");
  EXPECT_EQ(format_seconds(2.5e-10), "0.250 ns");
  EXPECT_EQ(format_seconds(1.5e-7), "150 ns");
  EXPECT_EQ(format_seconds(4.2e-5), "42.0 us");
  EXPECT_EQ(format_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(format_seconds(0.9994), "999 ms");
  EXPECT_EQ(format_seconds(0.9996), "1.00 s");
  EXPECT_EQ(format_seconds(59.9), "59.9 s");
  EXPECT_EQ(format_seconds(60), "1 min 0 s");
  EXPECT_EQ(format_seconds(119.6), "2 min 0 s");
  EXPECT_EQ(format_seconds(252), "4 min 12 s");
  EXPECT_EQ(format_seconds(std::numeric_limits<double>::infinity()), "16666666666666 min 40 s");
  EXPECT_EQ(format_seconds(Estimate{0.0123, 0.0121, 0.0125}), "12.3 ms [12.1 ms, 12.5 ms]");
}

TEST(FormatFlops, TakesTheLargestDecimalUnit) {
  EXPECT_EQ(format_flops(0), "0.00 FLOP");
  EXPECT_EQ(format_flops(999), "999 FLOP");
  EXPECT_EQ(format_flops(1.37e11), "137 GFLOP");
  EXPECT_EQ(format_flops(2e15), "2.00 PFLOP");
  EXPECT_EQ(format_flops(2e30), "2e+15 PFLOP");
}

TEST(FormatPercent, ShowsADecimalBelowTen) {
  EXPECT_EQ(format_percent(0.018), "1.8 %");
  EXPECT_EQ(format_percent(0.0994), "9.9 %");
  EXPECT_EQ(format_percent(0.0996), "10 %");
  EXPECT_EQ(format_percent(-0.05), "-5.0 %");
  EXPECT_EQ(format_percent(1e300), "1e+302 %");
  EXPECT_EQ(format_percent(std::numeric_limits<double>::infinity()), "inf %");
}

TEST(FormatMetric, ShowsTheUnitAndBytesInBinaryMultiples) {
  EXPECT_EQ(format_metric({"m", 71.1, "GFLOP/s"}), "71.1 GFLOP/s");
  EXPECT_EQ(format_metric({"m", 31.62, ""}), "31.62");
  EXPECT_EQ(format_metric({"m", 51539607552.0, "bytes"}), "48.0 GiB");
  EXPECT_EQ(format_metric({"m", 1e300, "bytes"}), "1e+300 bytes");
  EXPECT_EQ(format_metric({"m", std::nan(""), "bytes"}), "not a number");
  EXPECT_EQ(format_metric({"m", std::nan(""), "%"}), "not a number");
}

/// A locale with a decimal comma and digits in groups, in C and in C++, for as long as it lives.
class CommaLocale {
 public:
  CommaLocale() : before_(std::locale::global(std::locale(std::locale(), new Comma))) {}
  ~CommaLocale() { std::locale::global(before_); }

 private:
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::locale before_;
};

TEST(Format, DoesNotDependOnTheLocale) {
  const CommaLocale locale;
  EXPECT_EQ(format_ratio(123'456.7), "123457");
  EXPECT_EQ(format_ratio(1.5), "1.50");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_seconds(120'000), "2000 min 0 s");
  EXPECT_EQ(format_percent(0.018), "1.8 %");
  EXPECT_EQ(format_value(1234.5), "1234");  // the nearest of even digits, as printf rounds
  EXPECT_EQ(format_value(0.25), "0.25");
}

}  // namespace
}  // namespace hadal::bench
