#include "hadal/draf/sampling/sampler.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/draf/sampling/order.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hadal::draf {
namespace {

std::size_t index_of(std::int64_t id) { return static_cast<std::size_t>(id); }

/// The largest logit and the lowest id that has it.
std::pair<float, std::int64_t> largest_of(std::span<const float> logits) {
  float largest = -std::numeric_limits<float>::infinity();
  std::int64_t id = 0;
  bool all_numbers = true;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    all_numbers = all_numbers && !std::isnan(logits[i]);
    if (logits[i] > largest) {
      largest = logits[i];
      id = static_cast<std::int64_t>(i);
    }
  }
  if (all_numbers && std::isfinite(largest)) return {largest, id};
  throw InvalidArgument(
      all_numbers ? concat("the model's largest logit is ", largest, ", not a finite number")
                  : std::string("the model's logits are not all numbers"),
      "the weights may be damaged, or the prompt drives activations out of range");
}

/// Draws by weights that are given one after another.
std::size_t pick(std::span<const double> weights, double total, double uniform) {
  const double target = uniform * total;
  double sum = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    sum += weights[i];
    last = i;
    if (sum > target) return i;
  }
  return last;  // rounding
}

}  // namespace

void check_sampling(const SamplingOptions& options, std::int64_t vocabulary) {
  // So written that what is not a number is out of range.
  const auto require = [](bool holds, const char* field, const char* expected, double got) {
    if (holds) return;
    throw InvalidArgument(concat(field, ": expected ", expected, ", got ", got));
  };
  const auto& [temperature, top_k, top_p, min_p, repetition, presence, frequency, bias, seed] =
      options;
  require(temperature >= 0 && std::isfinite(temperature), "temperature", "a number of 0 or more",
          temperature);
  require(top_k >= 0, "top_k", "0 or more", static_cast<double>(top_k));
  require(top_p > 0 && top_p <= 1, "top_p", "a number above 0 and up to 1", top_p);
  require(min_p >= 0 && min_p <= 1, "min_p", "a number from 0 to 1", min_p);
  require(repetition > 0 && std::isfinite(repetition), "repetition_penalty", "a number above 0",
          repetition);
  require(std::abs(presence) <= 2, "presence_penalty", "a number from -2 to 2", presence);
  require(std::abs(frequency) <= 2, "frequency_penalty", "a number from -2 to 2", frequency);
  for (const auto& [id, value] : bias) {
    if (id < 0 || id >= vocabulary) {
      throw InvalidArgument(
          concat("logit_bias: expected token ids from 0 to ", vocabulary - 1, ", got ", id));
    }
    require(std::isfinite(value), "logit_bias", "finite numbers", value);
  }
}

Sampler::Sampler(SamplingOptions options, std::span<const std::int64_t> prompt, std::uint64_t seed)
    : options_(std::move(options)), seed_(options_.seed.value_or(seed)) {
  if (options_.repetition_penalty == 1) return;
  for (const std::int64_t id : prompt) seen_[id].in_prompt = true;
}

bool Sampler::penalizes() const {
  return options_.repetition_penalty != 1 || options_.presence_penalty != 0 ||
         options_.frequency_penalty != 0;
}

void Sampler::adjust(std::span<float> logits) const {
  for (const auto& [id, bias] : options_.logit_bias) {
    logits[index_of(id)] = static_cast<float>(logits[index_of(id)] + bias);
  }
  for (const auto& [id, seen] : seen_) {
    double logit = logits[index_of(id)];
    logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    if (seen.generated > 0) {
      logit -= options_.presence_penalty +
               options_.frequency_penalty * static_cast<double>(seen.generated);
    }
    logits[index_of(id)] = static_cast<float>(logit);
  }
}

std::int64_t Sampler::draw(std::span<const float> logits, float largest) const {
  const double uniform = Random(seed_, "token", drawn_).uniform();
  const auto weight = [&](float logit) {
    return std::exp((double{logit} - double{largest}) / options_.temperature);
  };
  const bool cuts_k =
      options_.top_k > 0 && options_.top_k < static_cast<std::int64_t>(logits.size());
  std::vector<double> weights;
  double total = 0;
  if (!cuts_k) {
    for (const float logit : logits) {
      weights.push_back(weight(logit));
      total += weights.back();
    }
    if (options_.top_p == 1 && options_.min_p == 0) {
      return static_cast<std::int64_t>(pick(weights, total, uniform));
    }
    weights.clear();
  }
  Descending order(logits);
  const std::size_t most = cuts_k ? index_of(options_.top_k) : logits.size();
  if (cuts_k) {
    for (std::size_t i = 0; i < most; ++i) total += weight(logits[index_of(order[i])]);
  }
  double kept = 0;
  for (std::size_t i = 0; i < most && (i == 0 || kept < options_.top_p * total); ++i) {
    const double next = weight(logits[index_of(order[i])]);
    if (next < options_.min_p) break;  // the best token's weight is 1
    weights.push_back(next);
    kept += next;
  }
  return order[pick(weights, kept, uniform)];
}

std::int64_t Sampler::next(std::span<float> logits) {
  largest_of(logits);  // before a bias hides what is wrong
  adjust(logits);
  const auto [largest, best] = largest_of(logits);
  const std::int64_t id = options_.temperature == 0 ? best : draw(logits, largest);
  ++drawn_;
  if (penalizes()) ++seen_[id].generated;
  return id;
}

GeneratedToken with_logprobs(std::int64_t id, std::span<const float> logits, std::int64_t best) {
  const float largest = std::ranges::max(logits);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit} - double{largest});
  const double log_sum = largest + std::log(total);
  const auto logprob = [&](std::int64_t token) { return logits[index_of(token)] - log_sum; };
  GeneratedToken result{.id = id, .logprob = logprob(id)};
  if (best == 0) return result;
  Descending order(logits);
  for (std::size_t i = 0; i < std::min(index_of(best), order.size()); ++i) {
    result.best.push_back({order[i], logprob(order[i])});
  }
  return result;
}

}  // namespace hadal::draf
