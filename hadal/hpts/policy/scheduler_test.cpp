#include "hadal/hpts/policy/scheduler.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/hpts/policy/fixed.h"
#include "hadal/hpts/policy/published.h"
#include "hadal/testing/error_of.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;

std::vector<Layer> two_layers() {
  return {{.name = "a", .role = LayerRole::first}, {.name = "b", .role = LayerRole::last}};
}

std::vector<LayerStatistics> norms(double a, double b) {
  const auto of = [](double norm) {
    return LayerStatistics{.values = 9, .norm = norm, .largest = norm, .smallest = norm};
  };
  return {of(a), of(b)};
}

PrecisionScheduler published(ScheduleOptions options = {.computes_fp16 = true}) {
  return PrecisionScheduler(two_layers(), published_policy(), options);
}

TEST(PrecisionScheduler, ChangesALayerWhenAWishCameOftenEnoughInARow) {
  auto scheduler = published();
  EXPECT_FALSE(scheduler.observe(0, norms(0.01, 1)));
  EXPECT_FALSE(scheduler.observe(1, norms(0.01, 1)));
  EXPECT_FALSE(scheduler.observe(2, norms(1, 1)));  // breaks the row
  EXPECT_FALSE(scheduler.observe(3, norms(0.01, 1)));
  EXPECT_FALSE(scheduler.observe(4, norms(0.01, 1)));
  EXPECT_TRUE(scheduler.observe(5, norms(0.01, 1)));
  EXPECT_EQ(scheduler.plan().of("a").compute, Precision::fp16);
  EXPECT_EQ(scheduler.plan().of("b").compute, Precision::fp32);
  ASSERT_EQ(scheduler.history().changes.size(), 1U);
  EXPECT_EQ(scheduler.history().changes[0].step, 5);
  EXPECT_EQ(scheduler.history().changes[0].reason, "gradient norm 0.01 below 0.05");
}

TEST(PrecisionScheduler, DoesNotFlipOnNoiseAroundTheThreshold) {
  Random random(1);
  auto scheduler = published();
  for (int step = 0; step < 20'000; ++step) {
    // Within the margin of the bound 0.1, and now and then twice that.
    const double norm = 0.1 * std::exp(0.1 * random.normal());
    scheduler.observe(step, norms(norm, norm));
  }
  EXPECT_LE(scheduler.history().changes.size(), 2U);
}

TEST(PrecisionScheduler, ChangesLessAndLessOftenWhateverIsMeasured) {
  auto scheduler = published();
  for (int step = 0; step < 20'000; ++step) {
    const double norm = step / 10 % 2 == 0 ? 0.001 : 10;  // ten of each, longer than the patience
    scheduler.observe(step, norms(norm, norm));
  }
  // Each retreat doubles the wait of 2 before the next advance: after three it is beyond ten.
  EXPECT_LE(scheduler.history().changes.size(), 2U * 6);
  EXPECT_GE(scheduler.history().changes.size(), 2U * 3);
}

TEST(PrecisionScheduler, FollowsEveryWishWithAPatienceOfOne) {
  auto scheduler = PrecisionScheduler(two_layers(), published_policy({.margin = 0}),
                                      {.patience = 1, .computes_fp16 = true});
  for (int step = 0; step < 100; ++step) {
    const double norm = step % 2 == 0 ? 0.01 : 0.2;
    scheduler.observe(step, norms(norm, norm));
    EXPECT_EQ(scheduler.plan().of("a").compute, step % 2 == 0 ? Precision::fp16 : Precision::fp32);
  }
}

TEST(PrecisionScheduler, RunsFp16InBf16WhereTheDeviceDoesNotComputeItAndSaysSoOnce) {
  std::vector<std::string> messages;
  set_log_sink([&](LogLevel, std::string_view message) { messages.emplace_back(message); });
  auto scheduler = published({.patience = 1});
  scheduler.observe(0, norms(0.01, 1));
  scheduler.observe(1, norms(0.01, 0.01));
  set_log_sink({});
  EXPECT_EQ(scheduler.chosen().of("a").compute, Precision::fp16);
  EXPECT_EQ(scheduler.plan().of("a").compute, Precision::bf16);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_NE(messages[0].find("1 of 2 layers were chosen for fp16"), std::string::npos);
}

TEST(PrecisionScheduler, LeavesPinnedLayersAlone) {
  const LayerPlan pin{Precision::bf16, SavedFormat::exact};
  auto scheduler = published({.patience = 1, .pinned = {{"a", pin}}, .computes_fp16 = true});
  scheduler.observe(0, norms(0.01, 0.01));
  EXPECT_EQ(scheduler.plan().of("a"), pin);
  EXPECT_EQ(scheduler.plan().of("b").compute, Precision::fp16);
  EXPECT_THROW(published({.pinned = {{"c", pin}}}), InvalidArgument);
}

TEST(PrecisionScheduler, ResumesAsIfItHadNotStopped) {
  const auto noise = [](int step) {
    Random random(7, "step", static_cast<std::uint64_t>(step));
    return norms(0.08 * std::exp(random.normal()), 0.05 * std::exp(random.normal()));
  };
  auto whole = published();
  for (int step = 0; step < 300; ++step) whole.observe(step, noise(step));
  EXPECT_GT(whole.history().changes.size(), 2U);
  for (const int stop : {1, 2, 3, 50, 151, 299}) {
    auto first = published();
    for (int step = 0; step < stop; ++step) first.observe(step, noise(step));
    auto second = published();
    second.restore(first.state(), "state");
    EXPECT_EQ(second.plan(), first.plan());
    for (int step = stop; step < 300; ++step) second.observe(step, noise(step));
    EXPECT_EQ(second.state(), whole.state()) << stop;
    EXPECT_EQ(second.plan(), whole.plan());
    EXPECT_EQ(second.history(), whole.history());
  }
}

TEST(PrecisionScheduler, RefusesTheStateOfAnotherRunAndStaysAsItWas) {
  auto scheduler = published();
  const std::string before = scheduler.state();
  auto fixed = PrecisionScheduler(two_layers(), fixed_policy({}));
  EXPECT_EQ(error_of<InvalidArgument>([&] { scheduler.restore(fixed.state(), "F"); }),
            "F: it is the state of the policy \"fixed\", not of published");
  auto other = PrecisionScheduler({{.name = "z"}}, published_policy());
  EXPECT_THROW(scheduler.restore(other.state(), "F"), InvalidArgument);
  std::string changed = before;
  changed.replace(changed.find("\"seen\": 0"), 9, "\"seen\": -1");
  EXPECT_EQ(error_of<FormatError>([&] { scheduler.restore(changed, "F"); }),
            "F: layers[0].compute.seen: expected 0 to 1048576000, found -1");
  changed = before;
  changed.replace(changed.find("\"now\": \"fp32\""), 13, "\"now\": \"bf16\"");
  EXPECT_EQ(error_of<FormatError>([&] { scheduler.restore(changed, "F"); }),
            "F: layers[0]: `now` is not what the history ends with");
  EXPECT_EQ(scheduler.state(), before);
}

TEST(PrecisionScheduler, RefusesStepsOutOfOrderAndOtherLayers) {
  auto scheduler = published();
  scheduler.observe(3, norms(1, 1));
  EXPECT_THROW(scheduler.observe(3, norms(1, 1)), InvalidArgument);
  EXPECT_THROW(scheduler.observe(4, std::vector<LayerStatistics>(1)), InvalidArgument);
  EXPECT_THROW(published({.every = 0}), InvalidArgument);
  EXPECT_THROW(published({.patience = 0}), InvalidArgument);
  EXPECT_TRUE(scheduler.is_due(16));
  EXPECT_FALSE(scheduler.is_due(17));
}

}  // namespace
}  // namespace hadal::hpts
