#include "hadal/bench/cases/nlp/block_choices.h"

#include "hadal/dao/select/kept.h"

#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kSinks = 1;

using Selectors = SelectedAttention::Selectors;

/// The same selector in each layer.
Selectors in_all(const models::DecoderLm& model,
                 const std::shared_ptr<const dao::Selector>& selector) {
  return Selectors(static_cast<std::size_t>(model->options().layers), selector);
}

/// What `selector` keeps of a whole context where the scores of blocks do not matter.
double share_of(const dao::Selector& selector, std::int64_t tokens) {
  const at::Tensor any = at::zeros({1, 1, tokens, 1});
  return dao::kept_fraction(selector.select(any, any), tokens, tokens, /*causal=*/true);
}

/// The shortest window that keeps `share` of a whole context.
std::shared_ptr<const dao::Selector> window_of(double share, std::int64_t tokens) {
  for (std::int64_t window = 0;; ++window) {
    auto selector = std::make_shared<const dao::SlidingWindow>(
        dao::AlwaysKept{.sinks = kSinks, .window = window});
    if (share_of(*selector, tokens) >= share || window >= dao::blocks_of(tokens)) return selector;
  }
}

/// The threshold that keeps `share` of `ids`, on the mean over all layers and heads.
Selectors thresholds_of(double share, const dao::AlwaysKept& always, models::DecoderLm model,
                        const at::Tensor& ids) {
  const c10::InferenceMode inference;
  constexpr int kHalvings = 10;
  const auto selectors_with = [&](double mass) {
    return in_all(model, std::make_shared<const dao::Threshold>(mass, always));
  };
  double low = 0;
  double high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double mass = (low + high) / 2;
    SelectedAttention attention(selectors_with(mass));
    model->forward(ids, {.attention = std::ref(attention)});
    (attention.kept() < share ? low : high) = mass;
  }
  return selectors_with(high);
}

template <class Selector>
std::function<Selectors(double)> with_budget(const models::DecoderLm& model) {
  return [model](double keep) {
    return in_all(model, std::make_shared<const Selector>(budget_of(keep)));
  };
}

}  // namespace

dao::Budget budget_of(double keep) {
  // The block before the diagonal alone is 6 % of what 2,048 tokens see.
  constexpr double kLeastWithWindow = 0.15;
  return {.keep = keep, .always = {.sinks = kSinks, .window = keep >= kLeastWithWindow ? 1 : 0}};
}

BlockChoice choice_by(const std::string& name,
                      const std::vector<std::shared_ptr<const dao::BlockScorer>>& scorers) {
  return {name, [scorers](double keep) {
            Selectors selectors;
            for (const auto& scorer : scorers) {
              selectors.push_back(std::make_shared<const dao::TopK>(scorer, budget_of(keep)));
            }
            return selectors;
          }};
}

std::vector<BlockChoice> training_free_choices(models::DecoderLm model, const at::Tensor& ids) {
  const std::int64_t tokens = model->options().context;
  // What the best blocks come to, with what is always kept, and where a block is the least step.
  const auto share = [tokens](double keep) {
    return share_of(dao::PooledTopK(budget_of(keep)), tokens);
  };
  return {
      {"pooled", with_budget<dao::PooledTopK>(model)},
      {"bounds", with_budget<dao::QuestBounds>(model)},
      {"threshold",
       [=](double keep) { return thresholds_of(share(keep), budget_of(keep).always, model, ids); }},
      {"window", [=](double keep) { return in_all(model, window_of(share(keep), tokens)); }}};
}

}  // namespace hadal::bench
