#include "hadal/hpts/monitor/monitor.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/hpts/monitor/testing.h"
#include "hadal/testing/error_of.h"

#include <cmath>
#include <limits>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::oracle;

/// A module of one layer whose parameters have the given gradients.
class OneLayer : public torch::nn::Module {
 public:
  explicit OneLayer(const std::vector<at::Tensor>& gradients) {
    for (const at::Tensor& gradient : gradients) {
      at::Tensor parameter = register_parameter(concat("p", parameters(false).size()),
                                                at::zeros(gradient.sizes(), gradient.options()));
      parameter.mutable_grad() = gradient;
    }
  }
};

LayerStatistics statistics_of(const std::vector<at::Tensor>& gradients,
                              const GradientScale& scale = {}) {
  const OneLayer model(gradients);
  return GradientMonitor(model).observe(scale).at(0);
}

void expect_same(const LayerStatistics& found, const LayerStatistics& expected) {
  LayerStatistics exact = found;
  exact.norm = expected.norm;
  EXPECT_TRUE(exact == expected);
  EXPECT_NEAR(found.norm, expected.norm, 1e-12 * expected.norm);
}

/// Values of all binades of fp32, with the special ones of fp32, fp16 and bf16 among them.
at::Tensor wild_values(std::int64_t size, std::uint64_t seed) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  // The last few are where the classes begin, and what comes right after the ties below them.
  constexpr float kSpecial[] = {
      0.0F,       -0.0F,          kInf,         -kInf,           kNan,
      0x1p-149F,  -0x1p-149F,     0x1p-134F,    0x1p-126F,       0x1p-127F,
      0x1p-25F,   -0x1p-24F,      0x1p-14F,     65'504.0F,       65'519.0F,
      -65'520.0F, 0x1.0002p-134F, 0x1.FEp-127F, 0x1.000002p-25F, 0x1.FFCp-15F};
  Random random(seed);
  at::Tensor values = at::empty({size}, at::kFloat);
  auto* to = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < size; ++i) {
    const bool is_special = random.below(4) == 0;
    to[i] = is_special ? kSpecial[random.below(std::size(kSpecial))]
                       : static_cast<float>(std::ldexp(random.uniform(-1, 1),
                                                       static_cast<int>(random.between(-140, 20))));
  }
  return values;
}

class MonitorIsa : public ::testing::TestWithParam<Isa> {
  ScopedIsa force_{GetParam()};
};

TEST_P(MonitorIsa, CountsAsFp64DoesForSizesAroundTheVector) {
  for (const std::int64_t size : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1'000}) {
    SCOPED_TRACE(size);
    const at::Tensor fp32 = wild_values(size, static_cast<std::uint64_t>(size));
    const at::Tensor bf16 = fp32.to(at::kBFloat16);
    expect_same(statistics_of({fp32}), oracle({fp32}));
    expect_same(statistics_of({bf16}), oracle({bf16}));
  }
}

TEST_P(MonitorIsa, CountsViewsThatAreUnalignedOrStrided) {
  const at::Tensor fp32 = wild_values(4'096, 3);
  const at::Tensor bf16 = fp32.to(at::kBFloat16);
  for (const at::Tensor& values : {fp32, bf16}) {
    for (const at::Tensor& view :
         {values.slice(0, 1), values.slice(0, 3, 1'002), values.view({64, 64}).t(),
          values.slice(0, 1, 4'000, 3), values.view({8, 8, 8, 8}).permute({0, 3, 1, 2}),
          at::full({}, 0.5, values.options()).expand({17})}) {
      expect_same(statistics_of({view}), oracle({view}));
    }
  }
}

TEST_P(MonitorIsa, ScalesTheThresholdsAndUnscalesTheMagnitudes) {
  const at::Tensor values = wild_values(5'000, 4);
  const LayerStatistics as_they_are = oracle({values});
  // As from a loss times 1024 that fp16 would train times 8: in fp16 values would be 1/128.
  const LayerStatistics found = statistics_of({values}, {.applied = 1'024, .intended = 8});
  LayerStatistics expected = oracle({values}, 0x1p-7);
  expected.norm = as_they_are.norm / 1'024;
  expected.largest = as_they_are.largest / 1'024;
  expected.smallest = as_they_are.smallest / 1'024;
  expect_same(found, expected);
}

TEST_P(MonitorIsa, KeepsSixDigitsOfTheNormOverManyValuesOfAnySize) {
  // Squares of the first underflow in fp32, and a sum in fp32 stalls at 2^24 ones.
  for (const double size : {1e-30, 1.0, 1e15}) {
    const at::Tensor values = at::full({20'000'000}, size, at::kFloat);
    const double exact = values[0].item<double>() * std::sqrt(20'000'000.0);
    EXPECT_NEAR(statistics_of({values}).norm, exact, 1e-9 * exact);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, MonitorIsa, ::testing::ValuesIn(available_isas()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(GradientMonitor, JoinsTheParametersOfALayerAndLongRuns) {
  const std::vector<at::Tensor> gradients{wild_values(200'001, 5).view({3, 66'667}),
                                          wild_values(10, 6), wild_values(9, 7).to(at::kBFloat16)};
  expect_same(statistics_of(gradients), oracle(gradients));
}

TEST(GradientMonitor, GivesTheSameForAnyNumberOfThreads) {
  const at::Tensor values = wild_values(300'000, 8);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const LayerStatistics one = statistics_of({values});
  at::set_num_threads(3);
  const LayerStatistics three = statistics_of({values});
  at::set_num_threads(threads);
  EXPECT_TRUE(one == three);
}

TEST(GradientMonitor, CountsSubnormalsWhereTheProcessorTakesThemForZero) {
  const at::Tensor values = at::tensor({0x1p-130F, 0x1p-140F, 0.0F, 1.0F}, at::kFloat);
  const LayerStatistics before = oracle({values});
  if (!at::globalContext().setFlushDenormal(true)) GTEST_SKIP() << "it cannot here";
  const LayerStatistics found = statistics_of({values});
  at::globalContext().setFlushDenormal(false);
  expect_same(found, before);
  EXPECT_EQ(found.bf16, (Underflow{.to_zero = 1, .to_subnormal = 1}));
  EXPECT_EQ(found.smallest, 0x1p-140);
}

TEST(GradientMonitor, TellsRangeAndCrestInBinades) {
  const LayerStatistics found = statistics_of({at::tensor({8.0F, 0.0F, 0.0F, 0.25F})});
  EXPECT_DOUBLE_EQ(found.dynamic_range(), 5);
  // Root mean square: sqrt((64 + 1/16) / 4).
  EXPECT_DOUBLE_EQ(found.crest(), std::log2(8 / std::sqrt(16.015625)));
  const LayerStatistics zeros = statistics_of({at::zeros({4})});
  EXPECT_EQ(zeros.dynamic_range(), 0);
  EXPECT_EQ(zeros.crest(), 0);
  EXPECT_EQ(zeros.nonzero(), 0);
}

TEST(GradientMonitor, LeavesOutParametersWithoutAGradient) {
  OneLayer model({at::ones({3}), at::ones({4})});
  model.parameters()[1].mutable_grad() = at::Tensor();
  EXPECT_EQ(GradientMonitor(model).observe().at(0).values, 3);
  model.zero_grad(/*set_to_none=*/true);
  EXPECT_TRUE(GradientMonitor(model).observe().at(0) == LayerStatistics{});
}

TEST(GradientMonitor, RefusesWhatItCannotRead) {
  EXPECT_EQ(
      error_of<Unsupported>([] { statistics_of({at::ones({3}, at::kDouble)}); }),
      "layer \"\": its gradient is Double, Strided, on cpu; the monitor reads strided fp32 and "
      "bf16 on the CPU");
  for (const double bad : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
    EXPECT_THROW(statistics_of({at::ones({3})}, {.applied = bad}), InvalidArgument);
    EXPECT_THROW(statistics_of({at::ones({3})}, {.intended = bad}), InvalidArgument);
  }
}

}  // namespace
}  // namespace hadal::hpts
