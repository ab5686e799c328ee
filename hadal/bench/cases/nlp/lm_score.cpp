#include "hadal/bench/cases/nlp/lm_score.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kTokensAtOnce = 4096;

/// Calls `action` with the logits of a few rows of `ids` at a time, and the first row and number.
void for_logits(
    models::DecoderLm& model, const at::Tensor& ids, const models::AttentionFunction& attention,
    const std::function<void(const at::Tensor& logits, std::int64_t, std::int64_t)>& action) {
  const c10::InferenceMode inference;
  const std::int64_t step = std::max<std::int64_t>(1, kTokensAtOnce / ids.size(1));
  for (std::int64_t i = 0; i < ids.size(0); i += step) {
    const std::int64_t count = std::min(step, ids.size(0) - i);
    const at::Tensor rows = ids.narrow(0, i, count);
    action(model->forward(rows, {.attention = attention}).to(at::kFloat), i, count);
  }
}

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Recall::share(std::size_t distances) const {
  return ratio(right.at(distances), asked.at(distances));
}

double Recall::share() const {
  return ratio(std::accumulate(right.begin(), right.end(), std::int64_t{0}),
               std::accumulate(asked.begin(), asked.end(), std::int64_t{0}));
}

double perplexity(models::DecoderLm& model, const at::Tensor& text,
                  const models::AttentionFunction& attention) {
  const std::int64_t context = model->options().context;
  const at::Tensor windows = text.unfold(0, context + 1, context);
  double sum = 0;
  for_logits(model, windows.narrow(1, 0, context), attention,
             [&](const at::Tensor& logits, std::int64_t first, std::int64_t count) {
               const at::Tensor targets = windows.narrow(0, first, count).narrow(1, 1, context);
               sum += at::cross_entropy_loss(logits.flatten(0, 1), targets.flatten(), {},
                                             at::Reduction::Sum)
                          .item<double>();
             });
  return std::exp(sum / static_cast<double>(windows.size(0) * context));
}

Recall recall(models::DecoderLm& model, const RecallText& text,
              const models::AttentionFunction& attention) {
  Recall result;
  for_logits(model, text.ids, attention,
             [&](const at::Tensor& logits, std::int64_t first, std::int64_t count) {
               const at::Tensor right = logits.argmax(-1) == text.targets.narrow(0, first, count);
               const at::Tensor distance = text.distance.narrow(0, first, count);
               for (std::size_t i = 0; i < kDistances.size(); ++i) {
                 const at::Tensor asked =
                     (distance >= kDistances[i].least) & (distance < kDistances[i].below);
                 result.asked[i] += asked.sum().item<std::int64_t>();
                 result.right[i] += (asked & right).sum().item<std::int64_t>();
               }
             });
  return result;
}

}  // namespace hadal::bench
