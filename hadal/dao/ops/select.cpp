// hadal::select_blocks, hadal::sparse_attention and hadal::kept_fraction.
#include "hadal/dao/ops/attention.h"
#include "hadal/dao/ops/block_mask.h"
#include "hadal/dao/ops/translate.h"
#include "hadal/dao/select/kept.h"
#include "hadal/dao/select/selector.h"

#include <memory>
#include <string_view>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

namespace hadal::dao::ops {
namespace {

std::unique_ptr<Selector> selector_of(std::string_view name, double keep,
                                      std::optional<std::int64_t> blocks, double mass,
                                      const AlwaysKept& always) {
  const Budget budget{.keep = keep, .blocks = blocks, .always = always};
  if (name == "pooled_top_k") return std::make_unique<PooledTopK>(budget);
  if (name == "quest_bounds") return std::make_unique<QuestBounds>(budget);
  if (name == "threshold") return std::make_unique<Threshold>(mass, always);
  if (name == "sliding_window") return std::make_unique<SlidingWindow>(always);
  throw InvalidArgument(concat("select_blocks: there is no selector \"", name, "\""),
                        "use pooled_top_k, quest_bounds, threshold or sliding_window");
}

at::Tensor select_blocks_cpu(const at::Tensor& query, const at::Tensor& key,
                             std::string_view selector, double keep,
                             std::optional<std::int64_t> blocks, double mass, std::int64_t sinks,
                             std::int64_t window, bool causal, std::optional<double> scale,
                             const OptionalTensor& key_mask) {
  return translating_errors([&] {
    const BlockLists lists =
        selector_of(selector, keep, blocks, mass, {.sinks = sinks, .window = window})
            ->select(query, key, {.causal = causal, .scale = scale, .key_mask = key_mask});
    return mask_of(lists, query, key);
  });
}

at::Tensor select_blocks_meta(const at::Tensor& query, const at::Tensor& key, std::string_view,
                              double, std::optional<std::int64_t>, double, std::int64_t,
                              std::int64_t, bool, std::optional<double>, const OptionalTensor&) {
  TORCH_CHECK_VALUE(query.dim() == 4 && key.dim() == 4,
                    "select_blocks: expected [batch, heads, tokens, head_dim] each, got query ",
                    query.sym_sizes(), ", key ", key.sym_sizes());
  const auto count = [](const c10::SymInt& tokens) {
    return (tokens + kBlockSize - 1) / kBlockSize;
  };
  return at::empty_symint(
      {query.sym_size(0), query.sym_size(1), count(query.sym_size(2)), count(key.sym_size(2))},
      query.options().dtype(at::kBool));
}

TwoTensors sparse_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            std::string_view selector, double keep,
                            std::optional<std::int64_t> blocks, double mass, std::int64_t sinks,
                            std::int64_t window, bool causal, std::optional<double> scale,
                            const OptionalTensor& key_mask) {
  static const auto select_blocks = c10::Dispatcher::singleton()
                                        .findSchemaOrThrow("hadal::select_blocks", "")
                                        .typed<decltype(select_blocks_cpu)>();
  const at::Tensor block_mask =
      select_blocks.call(query.detach(), key.detach(), selector, keep, blocks, mass, sinks, window,
                         causal, scale, key_mask);
  return attention(query, key, value, block_mask, causal, scale, key_mask);
}

double kept_fraction_cpu(const at::Tensor& block_mask, std::int64_t queries, std::int64_t keys,
                         bool causal) {
  return translating_errors(
      [&] { return kept_fraction(block_lists(block_mask), queries, keys, causal); });
}

TORCH_LIBRARY_IMPL(hadal, CPU, library) {
  library.impl("select_blocks", &select_blocks_cpu);
  library.impl("kept_fraction", &kept_fraction_cpu);
}

TORCH_LIBRARY_IMPL(hadal, Meta, library) { library.impl("select_blocks", &select_blocks_meta); }

// Differentiable through the attention: which blocks are chosen has no gradient.
TORCH_LIBRARY_IMPL(hadal, CompositeImplicitAutograd, library) {
  library.impl("sparse_attention", &sparse_attention);
}

}  // namespace
}  // namespace hadal::dao::ops
