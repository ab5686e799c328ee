#include "hadal/draf/sampling/sampler.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/testing/error_of.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

constexpr std::int64_t kVocabulary = 40;

std::vector<float> logits_of(std::uint64_t seed, std::int64_t count = kVocabulary) {
  Random random(seed);
  std::vector<float> logits;
  for (std::int64_t i = 0; i < count; ++i) {
    logits.push_back(static_cast<float>(2 * random.normal()));
  }
  return logits;
}

struct History {
  std::vector<std::int64_t> prompt = {};
  std::vector<std::int64_t> generated = {};
};

/// The distribution by the words of SamplingOptions, in double precision and by whole sorts.
std::vector<double> defined_distribution(const std::vector<float>& logits,
                                         const SamplingOptions& options, const History& history) {
  std::vector<double> x(logits.begin(), logits.end());
  for (const auto& [id, bias] : options.logit_bias) x[static_cast<std::size_t>(id)] += bias;
  std::map<std::int64_t, int> times;
  for (const auto id : history.generated) ++times[id];
  std::set<std::int64_t> seen(history.prompt.begin(), history.prompt.end());
  seen.insert(history.generated.begin(), history.generated.end());
  for (const auto id : seen) {
    double& logit = x[static_cast<std::size_t>(id)];
    logit = logit > 0 ? logit / options.repetition_penalty : logit * options.repetition_penalty;
  }
  for (const auto& [id, count] : times) {
    x[static_cast<std::size_t>(id)] -= options.presence_penalty + options.frequency_penalty * count;
  }
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return x[a] > x[b]; });
  std::vector<double> p(x.size());
  if (options.temperature == 0) {
    p[order[0]] = 1;
    return p;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    p[i] = std::exp((x[i] - x[order[0]]) / options.temperature);
  }
  const auto normalize = [&] {
    const double total = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& value : p) value /= total;
  };
  if (options.top_k > 0) {
    for (std::size_t i = static_cast<std::size_t>(options.top_k); i < order.size(); ++i) {
      p[order[i]] = 0;
    }
  }
  normalize();
  double sum = 0;
  for (const auto i : order) {
    const bool enough = sum >= options.top_p;
    sum += p[i];
    if (enough) p[i] = 0;
  }
  for (const auto i : order) {
    if (p[i] < options.min_p * p[order[0]]) p[i] = 0;
  }
  normalize();
  return p;
}

/// Holds that draws follow the distribution: chi-square below what 1 in 10^5 right ones exceeds.
void expect_distribution(const SamplingOptions& options, const History& history,
                         std::uint64_t seed) {
  constexpr int kDraws = 4000;
  const auto logits = logits_of(seed);
  const auto expected = defined_distribution(logits, options, history);
  std::vector<int> counts(expected.size());
  for (int draw = 0; draw < kDraws; ++draw) {
    Sampler sampler(options, history.prompt, static_cast<std::uint64_t>(draw));
    for (const auto id : history.generated) {
      // What this token was chosen by does not matter.
      std::vector<float> only(expected.size(), -std::numeric_limits<float>::infinity());
      only[static_cast<std::size_t>(id)] = 200;
      ASSERT_EQ(sampler.next(only), id);
    }
    auto changed = logits;
    ++counts[static_cast<std::size_t>(sampler.next(changed))];
  }
  double chi_square = 0;
  int cells = 0;
  double rest = kDraws;
  double rest_count = kDraws;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double mean = kDraws * expected[i];
    if (expected[i] == 0) {
      EXPECT_EQ(counts[i], 0) << i;
    }
    if (mean < 5) continue;
    chi_square += (counts[i] - mean) * (counts[i] - mean) / mean;
    ++cells;
    rest -= mean;
    rest_count -= counts[i];
  }
  if (rest > 5) {
    chi_square += (rest_count - rest) * (rest_count - rest) / rest;
    ++cells;
  }
  const double freedom = std::max(1, cells - 1);
  // Wilson and Hilferty's approximation of the quantile.
  const double a = 2 / (9 * freedom);
  EXPECT_LT(chi_square, freedom * std::pow(1 - a + 4.3 * std::sqrt(a), 3));
}

TEST(Sampler, DrawsByTheDefinedDistribution) {
  const History history{{1, 2, 3}, {3, 4, 4}};
  const SamplingOptions cases[] = {
      {},
      {.temperature = 0.5},
      {.temperature = 3},
      {.top_k = 5},
      {.top_k = 1},
      {.top_k = 100},
      {.top_p = 0.5},
      {.top_p = 1e-9},
      {.min_p = 0.2},
      {.min_p = 1},
      {.temperature = 1.5, .top_k = 12, .top_p = 0.8, .min_p = 0.05},
      {.repetition_penalty = 1.8},
      {.repetition_penalty = 0.5},
      {.presence_penalty = 1.5},
      {.frequency_penalty = 1},
      {.frequency_penalty = -2},
      {.top_k = 20,
       .repetition_penalty = 1.2,
       .presence_penalty = -1,
       .frequency_penalty = 0.3,
       .logit_bias = {{4, 3.0}, {7, -100}, {11, 2.5}}},
      {.logit_bias = {{0, 2}, {39, 2}}},
  };
  std::uint64_t seed = 1;
  for (const SamplingOptions& options : cases) {
    SCOPED_TRACE(seed);
    expect_distribution(options,
                        options.repetition_penalty != 1 || options.presence_penalty != 0 ||
                                options.frequency_penalty != 0
                            ? history
                            : History{},
                        seed++);
  }
}

TEST(Sampler, TakesTheBestOfAllAtTemperatureZero) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto logits = logits_of(seed);
    const auto best = std::ranges::max_element(logits) - logits.begin();
    EXPECT_EQ(Sampler({.temperature = 0}, {}, seed).next(logits), best);
  }
  std::vector<float> equal(10, 3.0F);
  EXPECT_EQ(Sampler({.temperature = 0}, {}, 1).next(equal), 0);
}

TEST(Sampler, DrawsTheSameForASeedAndATokensPlace) {
  const SamplingOptions seeded{.seed = 5};
  Sampler a(seeded, {}, 1);
  Sampler b(seeded, {}, 2);
  Sampler other({.seed = 6}, {}, 1);
  std::vector<std::int64_t> of_a;
  std::vector<std::int64_t> of_other;
  for (int i = 0; i < 30; ++i) {
    auto logits = logits_of(1);
    auto same = logits;
    auto again = logits;
    of_a.push_back(a.next(logits));
    EXPECT_EQ(b.next(same), of_a.back());
    of_other.push_back(other.next(again));
  }
  EXPECT_NE(of_a, of_other);
  EXPECT_GT(std::set(of_a.begin(), of_a.end()).size(), 3U);
}

TEST(Sampler, SortsNoMoreOfALargeVocabularyThanItKeeps) {
  auto logits = logits_of(9, 50'000);
  const SamplingOptions options{.top_p = 0.9};
  const auto expected = defined_distribution(logits, options, {});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto changed = logits;
    EXPECT_GT(expected[static_cast<std::size_t>(Sampler(options, {}, seed).next(changed))], 0);
  }
}

TEST(Sampler, RefusesLogitsThatAreNone) {
  const auto refused = [](std::vector<float> logits) {
    return ::hadal::testing::error_of<InvalidArgument>([&] { Sampler({}, {}, 1).next(logits); });
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refused({1, std::nanf(""), 2}), "the model's logits are not all numbers");
  EXPECT_EQ(refused({1, kInfinity}), "the model's largest logit is inf, not a finite number");
  EXPECT_EQ(refused({-kInfinity, -kInfinity}),
            "the model's largest logit is -inf, not a finite number");
  EXPECT_EQ(refused({-kInfinity, 1}), "no error");
}

TEST(Sampler, RefusesOptionsOutOfRange) {
  const auto refused = [](const SamplingOptions& options) {
    return ::hadal::testing::error_of<InvalidArgument>([&] { check_sampling(options, 40); });
  };
  const double nan = std::nan("");
  EXPECT_EQ(refused({}), "no error");
  EXPECT_EQ(refused({.temperature = -1}), "temperature: expected a number of 0 or more, got -1");
  EXPECT_EQ(refused({.top_k = -1}), "top_k: expected 0 or more, got -1");
  EXPECT_EQ(refused({.top_p = 0}), "top_p: expected a number above 0 and up to 1, got 0");
  EXPECT_EQ(refused({.min_p = nan}), "min_p: expected a number from 0 to 1, got nan");
  EXPECT_EQ(refused({.repetition_penalty = 0}),
            "repetition_penalty: expected a number above 0, got 0");
  EXPECT_EQ(refused({.presence_penalty = 3}),
            "presence_penalty: expected a number from -2 to 2, got 3");
  EXPECT_EQ(refused({.frequency_penalty = nan}),
            "frequency_penalty: expected a number from -2 to 2, got nan");
  EXPECT_EQ(refused({.logit_bias = {{40, 1}}}),
            "logit_bias: expected token ids from 0 to 39, got 40");
  EXPECT_EQ(refused({.logit_bias = {{1, nan}}}), "logit_bias: expected finite numbers, got nan");
}

TEST(WithLogprobs, IsTheLogSoftmax) {
  const auto logits = logits_of(3);
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  const GeneratedToken token = with_logprobs(17, logits, 5);
  EXPECT_NEAR(token.logprob, logits[17] - std::log(total), 1e-12);
  ASSERT_EQ(token.best.size(), 5U);
  auto sorted = logits;
  std::ranges::sort(sorted, std::greater());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(token.best[i].logprob, sorted[i] - std::log(total), 1e-12);
    EXPECT_EQ(logits[static_cast<std::size_t>(token.best[i].id)], sorted[i]);
  }
  EXPECT_TRUE(with_logprobs(17, logits, 0).best.empty());
}

}  // namespace
}  // namespace hadal::draf
