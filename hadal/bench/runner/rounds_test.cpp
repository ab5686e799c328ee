#include "hadal/bench/runner/rounds.h"

#include "hadal/bench/verdict.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

const RoundObserver kIgnore = [](int, int) {};

/// Sides that take as long as they say on a clock that only they move, and leave a trace.
struct Scene {
  double time = 100;
  std::string trace;

  std::function<void()> side(char name, std::function<double()> seconds) {
    return [this, name, seconds = std::move(seconds)] {
      trace += name;
      time += seconds();
    };
  }
  std::function<void()> side(char name, double seconds) {
    return side(name, [seconds] { return seconds; });
  }
  RoundsOptions options(RoundsOptions options = {}) {
    options.now = [this] { return time; };
    return options;
  }
};

TEST(TimeRounds, FindsTheRatioOfConstantTimes) {
  Scene scene;
  const Speed speed = time_rounds(scene.side('a', 2.0), scene.side('b', 0.5), 0.0,
                                  scene.options({.least = 9, .most = 9}), kIgnore);
  EXPECT_DOUBLE_EQ(speed.speedup.median, 4);
  EXPECT_DOUBLE_EQ(speed.speedup.low, 4);
  EXPECT_DOUBLE_EQ(speed.speedup.high, 4);
  EXPECT_DOUBLE_EQ(speed.baseline.seconds.median, 2.0);
  EXPECT_DOUBLE_EQ(speed.candidate.seconds.median, 0.5);
  EXPECT_EQ(speed.baseline_again.samples.size(), 9U);
  EXPECT_EQ(speed.noise_floor, 0);
  EXPECT_EQ(speed.tolerance, kLeastTolerance);
}

TEST(TimeRounds, IsNotMisledByAMachineThatSlowsDown) {
  Scene scene;
  // Each call is 2 % slower than the one before, so single times grow a thousandfold.
  double slowness = 1;
  const auto drifting = [&slowness](double seconds) {
    return [&slowness, seconds] { return seconds * (slowness *= 1.02); };
  };
  const Speed speed = time_rounds(scene.side('a', drifting(2)), scene.side('b', drifting(1)), 0.0,
                                  scene.options({.least = 101, .most = 101}), kIgnore);
  EXPECT_GT(speed.baseline.samples.back(), 100 * speed.baseline.samples.front());
  EXPECT_NEAR(speed.speedup.median, 2, 0.06);
  EXPECT_NEAR(speed.noise.median, 1, 0.03);
}

TEST(TimeRounds, RunsEachSideOnceARoundInAnOrderThatChanges) {
  Scene scene;
  time_rounds(scene.side('a', 1), scene.side('b', 1), 0.0, scene.options({.least = 30, .most = 30}),
              kIgnore);
  const std::string rounds = scene.trace.substr(2);  // after one trial of each side
  ASSERT_EQ(rounds.size(), 90U);
  int first = 0;
  for (std::size_t i = 0; i < rounds.size(); i += 3) {
    const std::string round = rounds.substr(i, 3);
    EXPECT_EQ(std::ranges::count(round, 'a'), 2) << round;
    EXPECT_EQ(std::ranges::count(round, 'b'), 1) << round;
    first += round[0] == 'b' ? 1 : 0;
  }
  EXPECT_GT(first, 2);
  EXPECT_LT(first, 20);
}

TEST(TimeRounds, RepeatsShortSidesWithinASample) {
  Scene scene;
  const Speed speed =
      time_rounds(scene.side('a', 1.0), scene.side('b', 0.25), 0.0,
                  scene.options({.least = 5, .most = 5, .sample_seconds = 0.9}), kIgnore);
  // A trial, and 5 rounds of ceil(0.9 / 0.25) calls.
  EXPECT_EQ(std::ranges::count(scene.trace, 'b'), 1 + 5 * 4);
  EXPECT_EQ(std::ranges::count(scene.trace, 'a'), 1 + 5 * 2);
  EXPECT_DOUBLE_EQ(speed.speedup.median, 4);
}

TEST(TimeRounds, EndsWhenTheTimeIsUpButNotBeforeTheLeast) {
  // Of sides that each take `seconds`, which has to be a sum of powers of two.
  const auto rounds = [](double seconds) {
    Scene scene;
    const auto options =
        scene.options({.least = 5, .most = 50, .seconds = 2, .sample_seconds = 1e-3});
    return time_rounds(scene.side('a', seconds), scene.side('b', seconds), 0.0, options, kIgnore)
        .baseline.samples.size();
  };
  EXPECT_EQ(rounds(1), 5U);
  EXPECT_EQ(rounds(0.125),
            6U);  // of 0.375 s: the sixth begins at 1.875 s, a seventh would at 2.25 s
  EXPECT_EQ(rounds(0.015625), 43U);
  EXPECT_EQ(rounds(0.001953125), 50U);
}

TEST(TimeRounds, EndsSoonerWhereOneSideIsClearlyAhead) {
  const auto rounds = [](double baseline, std::function<double()> candidate) {
    Scene scene;
    const auto options = scene.options(
        {.least = 5, .most = 50, .seconds = 64, .seconds_if_clear = 16, .sample_seconds = 1e-3});
    return time_rounds(scene.side('a', baseline), scene.side('b', std::move(candidate)), 0.0,
                       options, kIgnore)
        .baseline.samples.size();
  };
  EXPECT_EQ(rounds(1, [] { return 0.5; }), 7U);  // of 2.5 s: the seventh begins at 15 s
  EXPECT_EQ(rounds(0.5, [] { return 1.0; }), 9U);
  EXPECT_EQ(rounds(1, [] { return 0.9375; }), 22U);
  // One round of many that says otherwise.
  int calls = 0;
  EXPECT_EQ(rounds(1, [&calls] { return ++calls == 3 ? 1.5 : 0.5; }), 26U);
}

TEST(TimeRounds, NeverToleratesLessThanItsNoise) {
  Scene scene;
  // Every other call of the baseline takes twice as long.
  int calls = 0;
  const auto noisy = [&calls] { return ++calls % 2 == 0 ? 2.0 : 1.0; };
  const Speed speed = time_rounds(scene.side('a', noisy), scene.side('b', 1.0), 0.0,
                                  scene.options({.least = 21, .most = 21}), kIgnore);
  EXPECT_GE(speed.noise_floor, 0.5);
  EXPECT_EQ(speed.tolerance, speed.noise_floor);
  Scene quiet;
  EXPECT_EQ(
      time_rounds(quiet.side('a', 1), quiet.side('b', 1), 0.2, quiet.options({.most = 7}), kIgnore)
          .tolerance,
      0.2);
}

TEST(TimeRounds, SurvivesAClockThatStandsStill) {
  Scene scene;
  const Speed speed =
      time_rounds(scene.side('a', 0), scene.side('b', 0), 0.0,
                  scene.options({.least = 5, .most = 5, .sample_seconds = 1e-8}), kIgnore);
  EXPECT_EQ(speed.speedup.median, 1);
  EXPECT_GT(speed.baseline.seconds.low, 0);
}

TEST(TimeRounds, TellsOfRoundsAndLetsTheObserverStop) {
  Scene scene;
  int rounds = 0;
  const auto observer = [&](int round, int expected) {
    EXPECT_EQ(round, rounds++);
    EXPECT_GE(expected, 5);
    EXPECT_LE(expected, 50);
    if (round == 3) throw Interrupted("stop");
  };
  EXPECT_THROW(time_rounds(scene.side('a', 1), scene.side('b', 1), 0.0,
                           scene.options({.least = 5, .most = 50}), observer),
               Interrupted);
  EXPECT_EQ(rounds, 4);
}

TEST(MachineNoise, IsAnEstimateOfOne) {
  const Estimate noise = machine_noise(1, kIgnore);
  EXPECT_LE(noise.low, noise.median);
  EXPECT_LE(noise.median, noise.high);
  EXPECT_GT(noise.low, 0);
  EXPECT_EQ(noise_floor_of({.median = 1, .low = 0.9, .high = 1.05}), 1 - 0.9);
  EXPECT_EQ(noise_floor_of({.median = 1, .low = 0.98, .high = 1.25}), 0.25);
}

TEST(Judge, NeedsTheWholeIntervalBeyondTheTolerance) {
  const auto verdict = [](double low, double high) {
    return judge({.median = (low + high) / 2, .low = low, .high = high}, 0.05);
  };
  EXPECT_EQ(verdict(1.06, 1.2), Verdict::better);
  EXPECT_EQ(verdict(1.04, 1.2), Verdict::inconclusive);
  EXPECT_EQ(verdict(0.96, 1.04), Verdict::same);
  EXPECT_EQ(verdict(0.90, 0.95), Verdict::worse);
  EXPECT_EQ(verdict(0.90, 0.96), Verdict::inconclusive);
  EXPECT_EQ(verdict(0.5, 2), Verdict::inconclusive);
}

TEST(Judge, CallsNothingTheSameOnANoisyMachine) {
  const Estimate close{.median = 1.0, .low = 0.99, .high = 1.01};
  EXPECT_EQ(judge(close, kMostTolerance), Verdict::same);
  EXPECT_EQ(judge(close, 0.3), Verdict::inconclusive);
  EXPECT_EQ(judge({.median = 3, .low = 2.9, .high = 3.1}, 0.3), Verdict::better);
}

}  // namespace
}  // namespace hadal::bench
