#include "hadal/draf/attention/paged_attention.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/dao/decode/decode.h"
#include "hadal/dao/guard/missing_mass.h"

#include <algorithm>
#include <optional>

#include <ATen/ops/cat.h>

namespace hadal::draf {

/// One group's attention in one layer: query [sequences, heads, tokens, head_dim].
struct PagedAttention::Call {
  std::int64_t layer;
  const SequenceGroup& group;
  at::Tensor query;
  const dao::PagedKvCache& cache;
  std::vector<dao::PagedKvCache::Sequence> names;
  std::optional<std::int64_t> window;

  dao::DecodeResult run(const std::optional<dao::Budget>& budget) const {
    return dao::decode(query, cache, names, {.budget = budget, .window = window});
  }
  /// Pairs of a query and a key that see each other, in one head.
  double visible_pairs() const {
    double pairs = 0;
    for (const auto name : names) {
      const std::int64_t length = cache.length(name);
      for (std::int64_t seen = length - group.tokens + 1; seen <= length; ++seen) {
        pairs += static_cast<double>(window ? std::min(seen, *window) : seen);
      }
    }
    return pairs;
  }
};

PagedAttention::PagedAttention(const ModelShape& shape, const SparsityOptions& options,
                               SequenceCache& cache)
    : shape_(shape),
      options_(options),
      cache_(cache),
      layers_(static_cast<std::size_t>(shape.layers)) {}

at::Tensor PagedAttention::operator()(std::int64_t layer, const std::vector<SequenceGroup>& groups,
                                      const at::Tensor& query, const at::Tensor& key,
                                      const at::Tensor& value) {
  std::vector<at::Tensor> outputs;
  std::int64_t row = 0;
  const std::int64_t window =
      shape_.windows.empty() ? 0 : shape_.windows[static_cast<std::size_t>(layer)];
  for (const SequenceGroup& group : groups) {
    const auto sequences = static_cast<std::int64_t>(group.sequences.size());
    const auto of_group = [&](const at::Tensor& x) {
      return x.narrow(0, row, sequences * group.tokens)
          .unflatten(0, {sequences, group.tokens})
          .transpose(1, 2);
    };
    cache_.append(layer, group.sequences, of_group(key), of_group(value));
    const at::Tensor output =
        attend({.layer = layer,
                .group = group,
                .query = of_group(query),
                .cache = cache_.layer(layer),
                .names = cache_.in_layer(layer, group.sequences),
                .window = window == 0 ? std::nullopt : std::optional(window)});
    outputs.push_back(output.transpose(1, 2).flatten(0, 1));
    row += sequences * group.tokens;
  }
  return outputs.size() == 1 ? outputs.front() : at::cat(outputs);
}

at::Tensor PagedAttention::attend(const Call& call) {
  // A window bounds what is looked at by itself.
  if (call.group.sparse && !call.window) return sparse(call);
  count(call, 1);
  return call.run({}).output;
}

at::Tensor PagedAttention::sparse(const Call& call) {
  Layer& layer = layers_[static_cast<std::size_t>(call.layer)];
  if (layer.cooldown > 0) {
    --layer.cooldown;
    count(call, 1);
    return call.run({}).output;
  }
  const dao::DecodeResult result = call.run(dao::Budget{.keep = options_.keep});
  const bool sparse_alone = options_.mode == dao::Mode::sparse;
  if (sparse_alone && layer.calls++ % SparsityOptions::kGuardPeriod != 0) {
    count(call, result.kept);
    return result.output;
  }
  const dao::DecodeResult dense = call.run({});
  const bool accepted = accept(call, dao::missing_mass(dense.log_sum_exp, result.log_sum_exp));
  const bool returns_sparse = accepted && options_.mode != dao::Mode::shadow;
  // Of a shadow, what it would keep is what one wants to know.
  count(call, returns_sparse || options_.mode == dao::Mode::shadow ? result.kept : 1);
  return returns_sparse ? result.output : dense.output;
}

bool PagedAttention::accept(const Call& call, double missing) {
  missing_ += missing;
  ++measured_;
  // Not a number is not accepted.
  if (missing <= options_.guard.bound) return true;
  if (options_.mode == dao::Mode::shadow) return false;
  layers_[static_cast<std::size_t>(call.layer)].cooldown = options_.guard.cooldown;
  log(LogLevel::warning,
      concat("layer ", call.layer, ": ", missing,
             " of the attention is missing, above the bound of ", options_.guard.bound,
             "; dense for this step and ", options_.guard.cooldown, " more"));
  return false;
}

void PagedAttention::count(const Call& call, double kept) {
  const double flops =
      4.0 * static_cast<double>(shape_.head_dim * shape_.heads) * call.visible_pairs();
  work_.visible += flops;
  work_.done += kept * flops;
}

}  // namespace hadal::draf
