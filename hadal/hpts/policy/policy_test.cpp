#include "hadal/core/error.h"
#include "hadal/hpts/policy/fixed.h"
#include "hadal/hpts/policy/published.h"
#include "hadal/hpts/policy/subnormals.h"
#include "hadal/hpts/policy/underflow.h"

#include <cmath>

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

const Layer kInner{.name = "inner"};

LayerStatistics with_norm(double norm) {
  return {.values = 100, .norm = norm, .largest = norm, .smallest = norm};
}

/// 1,000 values, of which fp16 loses and makes subnormal as many as given.
LayerStatistics with_underflow(std::int64_t to_zero, std::int64_t to_subnormal = 0) {
  return {.values = 1'000,
          .fp16 = {.to_zero = to_zero, .to_subnormal = to_subnormal},
          .norm = 1,
          .largest = 0.1,
          .smallest = 1e-9};
}

TEST(PublishedPolicy, IsTheSchedulerAsPublishedWithoutAMargin) {
  const auto policy = published_policy({.margin = 0});
  const auto computes = [&](double norm) {
    return policy->wish(kInner, with_norm(norm), {}).value().plan.compute;
  };
  EXPECT_EQ(computes(0.0), Precision::fp16);
  EXPECT_EQ(computes(0.0499), Precision::fp16);
  EXPECT_EQ(computes(0.05), Precision::bf16);
  EXPECT_EQ(computes(0.0999), Precision::bf16);
  EXPECT_EQ(computes(0.1), Precision::fp32);
  EXPECT_EQ(policy->start(kInner), LayerPlan{});
}

TEST(PublishedPolicy, MultipliesItsThresholdByTheDeviceFactor) {
  const auto policy = published_policy({.device_factor = 1.3, .margin = 0});
  EXPECT_EQ(policy->wish(kInner, with_norm(0.064), {})->plan.compute, Precision::fp16);
  EXPECT_EQ(policy->wish(kInner, with_norm(0.066), {})->plan.compute, Precision::bf16);
  EXPECT_EQ(policy->wish(kInner, with_norm(0.131), {})->plan.compute, Precision::fp32);
}

TEST(PublishedPolicy, CrossesABoundByItsMarginOnly) {
  const auto policy = published_policy({.margin = 0.25});
  const auto computes = [&](double norm, Precision now) {
    return policy->wish(kInner, with_norm(norm), {.compute = now})->plan.compute;
  };
  EXPECT_EQ(computes(0.11, Precision::bf16), Precision::bf16);
  EXPECT_EQ(computes(0.11, Precision::fp32), Precision::fp32);
  EXPECT_EQ(computes(0.09, Precision::fp32), Precision::fp32);
  EXPECT_EQ(computes(0.079, Precision::fp32), Precision::bf16);
  EXPECT_EQ(computes(0.126, Precision::bf16), Precision::fp32);
}

TEST(PublishedPolicy, DoesNotJudgeLayersWithoutASoundGradient) {
  const auto policy = published_policy();
  EXPECT_FALSE(policy->wish(kInner, {}, {}));
  EXPECT_FALSE(policy->wish(kInner, {.values = 3, .non_finite = 1}, {}));
}

TEST(UnderflowPolicy, ComputesInFp16WhileTheShareLostIsBelowTheBound) {
  const auto policy = underflow_policy({.lost_share = 0.01, .margin = 0});
  EXPECT_EQ(policy->wish(kInner, with_underflow(9), {})->plan.compute, Precision::fp16);
  EXPECT_EQ(policy->wish(kInner, with_underflow(10), {})->plan.compute, Precision::bf16);
  // What becomes subnormal counts where the hardware flushes it.
  EXPECT_EQ(policy->wish(kInner, with_underflow(5, 500), {})->plan.compute, Precision::fp16);
  const auto flushing = underflow_policy({.margin = 0, .flush = {.fp16 = true}});
  EXPECT_EQ(flushing->wish(kInner, with_underflow(5, 500), {})->plan.compute, Precision::bf16);
}

TEST(UnderflowPolicy, LeavesZerosOutOfTheShare) {
  LayerStatistics statistics = with_underflow(5);
  EXPECT_EQ(underflow_policy()->wish(kInner, statistics, {})->plan.compute, Precision::fp16);
  statistics.zeros = 900;  // 5 of 100
  EXPECT_EQ(underflow_policy()->wish(kInner, statistics, {})->plan.compute, Precision::bf16);
}

TEST(UnderflowPolicy, NeedsFp32WhereBf16LosesToo) {
  LayerStatistics statistics = with_underflow(900);
  statistics.bf16.to_zero = 500;
  const Wish wish = underflow_policy()->wish(kInner, statistics, {}).value();
  EXPECT_EQ(wish.plan, (LayerPlan{Precision::fp32, SavedFormat::exact}));
}

TEST(UnderflowPolicy, AvoidsFp16WhereAValueOverflowsOrBecameInfinite) {
  LayerStatistics statistics = with_underflow(0);
  statistics.fp16_overflow = 1;
  EXPECT_EQ(underflow_policy()->wish(kInner, statistics, {})->plan.compute, Precision::bf16);
  const LayerStatistics broken{.values = 10, .non_finite = 1};
  EXPECT_EQ(underflow_policy()->wish(kInner, broken, {.compute = Precision::fp16})->plan.compute,
            Precision::bf16);
  EXPECT_FALSE(underflow_policy()->wish(kInner, broken, {.compute = Precision::bf16}));
  EXPECT_FALSE(underflow_policy()->wish(kInner, {.values = 10, .zeros = 10}, {}));
}

TEST(UnderflowPolicy, SavesByTheCrestAndKeepsTheEndsInBf16) {
  const auto policy = underflow_policy({.margin = 0});
  LayerStatistics statistics = with_underflow(0);  // root mean square 1 / sqrt(1000)
  const double rms = 1 / std::sqrt(1'000);
  const auto saves = [&](double crest, LayerRole role) {
    statistics.largest = rms * std::exp2(crest);
    return policy->wish({.name = "x", .role = role}, statistics, {})->plan.saved;
  };
  EXPECT_EQ(saves(5.9, LayerRole::inner), SavedFormat::int8_blocks);
  EXPECT_EQ(saves(6.1, LayerRole::inner), SavedFormat::bf16);
  EXPECT_EQ(saves(3, LayerRole::norm), SavedFormat::int8_blocks);
  EXPECT_EQ(saves(3, LayerRole::first), SavedFormat::bf16);
  EXPECT_EQ(saves(3, LayerRole::last), SavedFormat::bf16);
  EXPECT_EQ(policy->start({.name = "x", .role = LayerRole::last}).saved, SavedFormat::bf16);
}

TEST(Policies, RefuseOptionsOutOfRange) {
  EXPECT_THROW(published_policy({.threshold = 0}), InvalidArgument);
  EXPECT_THROW(published_policy({.device_factor = HUGE_VAL}), InvalidArgument);
  EXPECT_THROW(published_policy({.margin = -1}), InvalidArgument);
  EXPECT_THROW(underflow_policy({.lost_share = 1.5}), InvalidArgument);
  EXPECT_THROW(underflow_policy({.margin = std::nan("")}), InvalidArgument);
}

TEST(FixedPolicy, SaysWhatItsPlanSays) {
  PrecisionPlan plan{.otherwise = {Precision::bf16, SavedFormat::bf16}};
  plan.layers["inner"] = {Precision::fp32, SavedFormat::exact};
  const auto policy = fixed_policy(plan);
  EXPECT_EQ(policy->start(kInner), (LayerPlan{Precision::fp32, SavedFormat::exact}));
  EXPECT_EQ(policy->start({.name = "other"}), plan.otherwise);
  EXPECT_FALSE(policy->wish(kInner, with_underflow(900), {}));
}

TEST(ProbeSubnormals, SeesTheModeOfTheThread) {
  ASSERT_TRUE(at::globalContext().setFlushDenormal(false));
  EXPECT_FALSE(probe_subnormals().fp32);
  if (!at::globalContext().setFlushDenormal(true)) GTEST_SKIP() << "it cannot here";
  const SubnormalFlush found = probe_subnormals();
  at::globalContext().setFlushDenormal(false);
  EXPECT_TRUE(found.fp32);
  EXPECT_FALSE(probe_subnormals().fp32);
}

}  // namespace
}  // namespace hadal::hpts
