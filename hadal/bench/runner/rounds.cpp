#include "hadal/bench/runner/rounds.h"

#include "hadal/bench/verdict.h"
#include "hadal/core/random.h"
#include "hadal/core/statistics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

namespace hadal::bench {
namespace {

constexpr double kClockStep = 1e-9;  // a clock that did not move would make a time of 0

/// Wakes LibTorch's threads, which sleep after a while without work and take up to 10 ms to come
/// back where a core of a virtual machine was given up: no side pays for what ran before it.
void wake_threads() {
  at::parallel_for(0, at::get_num_threads(), 1, [](std::int64_t, std::int64_t) {});
}

/// One side of a comparison and the samples taken of it.
struct Side {
  const std::function<void()>& run;
  int repeats = 1;
  std::vector<double> samples;

  void sample(const std::function<double()>& now) {
    wake_threads();
    const double start = now();
    for (int i = 0; i < repeats; ++i) run();
    samples.push_back(std::max(now() - start, kClockStep) / repeats);
  }
};

/// How often to repeat `run` in a sample.
int repeats_of(const std::function<void()>& run, const RoundsOptions& options) {
  const double start = options.now();
  run();
  const double once = std::max(options.now() - start, kClockStep);
  return static_cast<int>(std::clamp(std::ceil(options.sample_seconds / once), 1.0, 1e6));
}

Estimate estimate_of(double median, const Interval& interval) {
  // The interval comes from resampled medians, and need not hold that of the sample itself.
  return {.median = median,
          .low = std::min(interval.low, median),
          .high = std::max(interval.high, median)};
}

Timing timing_of(std::vector<double> samples, std::uint64_t seed) {
  const Estimate seconds = estimate_of(median(samples), median_interval(samples, seed));
  return {.samples = std::move(samples), .seconds = seconds};
}

Estimate ratio_of(const std::vector<double>& over, const std::vector<double>& under,
                  std::uint64_t seed) {
  const std::vector<double> ratios = paired_ratios(over, under);
  return estimate_of(median(ratios), median_interval(ratios, seed));
}

/// The number of rounds that fit, given that one takes `round_seconds`.
int rounds_in(const RoundsOptions& options, double round_seconds) {
  return static_cast<int>(std::clamp(options.seconds / std::max(round_seconds, kClockStep),
                                     1.0 * options.least, 1.0 * options.most));
}

bool is_clear(const std::vector<double>& baseline, const std::vector<double>& candidate) {
  const auto [least, most] = std::ranges::minmax(paired_ratios(baseline, candidate));
  return least >= kClearlyAhead || most <= 1 / kClearlyAhead;
}

void run_rounds(Side& baseline, Side& candidate, Side& again, const RoundsOptions& options,
                const RoundObserver& observer) {
  std::array sides{&baseline, &candidate, &again};
  Random random(options.seed, "order of the sides");
  const double start = options.now();
  for (int round = 0; round < options.most; ++round) {
    const double spent = options.now() - start;
    if (round >= options.least && spent > options.seconds) return;
    if (round >= options.least && spent > options.seconds_if_clear &&
        is_clear(baseline.samples, candidate.samples)) {
      return;
    }
    observer(round, round == 0 ? options.least : rounds_in(options, spent / round));
    random.shuffle(sides);
    for (Side* side : sides) side->sample(options.now);
  }
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Speed time_rounds(const std::function<void()>& baseline, const std::function<void()>& candidate,
                  double machine_noise_floor, const RoundsOptions& options,
                  const RoundObserver& observer) {
  const int repeats = repeats_of(baseline, options);
  Side a{baseline, repeats, {}};
  Side b{candidate, repeats_of(candidate, options), {}};
  Side again{baseline, repeats, {}};
  run_rounds(a, b, again, options, observer);

  Speed speed;
  speed.speedup = ratio_of(a.samples, b.samples, options.seed);
  speed.noise = ratio_of(a.samples, again.samples, options.seed);
  speed.noise_floor = noise_floor_of(speed.noise);
  speed.tolerance = std::max({kLeastTolerance, speed.noise_floor, machine_noise_floor});
  speed.baseline = timing_of(std::move(a.samples), options.seed);
  speed.candidate = timing_of(std::move(b.samples), options.seed);
  speed.baseline_again = timing_of(std::move(again.samples), options.seed);
  return speed;
}

Estimate machine_noise(std::uint64_t seed, const RoundObserver& observer) {
  const at::Tensor matrix = at::ones({512, 512});
  const at::Tensor vector = at::ones({1 << 20});
  const std::function<void()> work = [&] {
    at::matmul(matrix, matrix);
    at::exp(vector);
  };
  work();
  // Many short samples, so that a disturbance of a second does not decide.
  const RoundsOptions options{
      .least = 25, .most = 151, .seconds = 2, .sample_seconds = 0.005, .seed = seed};
  return time_rounds(work, work, 0.0, options, observer).noise;
}

}  // namespace hadal::bench
