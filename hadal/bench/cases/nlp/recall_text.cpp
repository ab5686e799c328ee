#include "hadal/bench/cases/nlp/recall_text.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <span>
#include <vector>

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kLeastDistance = 8;
constexpr int kTries = 50;

/// One example; `ids` has a token more than the others, the last target.
struct Example {
  std::span<std::int64_t> ids, targets, distance;
};

/// Plants the fact of `subject` and asks for it, where both find room.
void plant(const Example& x, std::int64_t subject, Random& random) {
  const auto tokens = static_cast<std::int64_t>(x.targets.size());
  const auto is_free = [&](std::int64_t at) {
    return x.ids[static_cast<std::size_t>(at)] < kFirstFact;
  };
  for (int i = 0; i < kTries; ++i) {
    const std::int64_t distance = random.between(kLeastDistance, tokens - 2);
    const std::int64_t fact = random.between(0, tokens - 1 - distance);
    const std::int64_t question = fact + distance;
    if (!is_free(fact) || !is_free(question) || !is_free(question + 1)) continue;
    const std::int64_t symbol = kFirstFact + subject * kValues + random.between(0, kValues - 1);
    x.ids[static_cast<std::size_t>(fact)] = symbol;
    x.ids[static_cast<std::size_t>(question)] = kFirstQuestion + subject;
    x.ids[static_cast<std::size_t>(question) + 1] = symbol;
    x.distance[static_cast<std::size_t>(question)] = distance;
    return;
  }
}

/// What follows each token, where it can be known: text and answers.
void set_targets(const Example& x) {
  for (std::size_t i = 0; i < x.targets.size(); ++i) {
    const bool known = x.ids[i + 1] < kFirstFact || x.distance[i] > 0;
    x.targets[i] = known ? x.ids[i + 1] : kNoTarget;
  }
}

}  // namespace

RecallText recall_text(const at::Tensor& text, std::int64_t tokens, std::uint64_t seed,
                       const at::Tensor& indices) {
  if (tokens < 32 || tokens >= text.size(0)) {
    throw InvalidArgument(concat("recall_text: expected from 32 tokens to fewer than the ",
                                 text.size(0), " of the text, got ", tokens));
  }
  const std::int64_t count = indices.size(0);
  const auto* from = text.const_data_ptr<std::int64_t>();
  RecallText result{.ids = at::zeros({count, tokens}, at::kLong),
                    .targets = at::zeros({count, tokens}, at::kLong),
                    .distance = at::zeros({count, tokens}, at::kLong)};
  const auto row = [&](const at::Tensor& of, std::int64_t i) {
    return std::span(of.mutable_data_ptr<std::int64_t>() + i * tokens,
                     static_cast<std::size_t>(tokens));
  };
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(seed, "recall text", static_cast<std::uint64_t>(indices[i].item<std::int64_t>()));
    const std::int64_t start = random.between(0, text.size(0) - tokens - 1);
    std::vector<std::int64_t> ids(from + start, from + start + tokens + 1);
    const Example x{ids, row(result.targets, i), row(result.distance, i)};
    for (std::int64_t subject = 0; subject < kSubjects; ++subject) plant(x, subject, random);
    set_targets(x);
    std::copy_n(ids.begin(), tokens, row(result.ids, i).begin());
  }
  return result;
}

}  // namespace hadal::bench
