#include "hadal/dao/decode/decode.h"

#include "hadal/core/error.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/decode/attend_parts.h"
#include "hadal/dao/decode/plan.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace {

using CachedSequences = std::span<const PagedKvCache::Sequence>;
static_assert(kernels::kBlock == kBlockSize);

/// Blocks that a group with one query works on at a time; with more queries it is as many more, for
/// about the same work. The parts do not depend on the number of threads, and nor do the sums.
constexpr std::int64_t kPartBlocks = 32;

void check_query(const at::Tensor& query, const KvCacheOptions& cache, std::size_t sequences) {
  const bool fits = query.defined() && query.dim() == 4 && query.is_cpu() &&
                    query.scalar_type() == cache.type &&
                    query.size(0) == static_cast<std::int64_t>(sequences) && query.size(1) >= 1 &&
                    query.size(1) % cache.kv_heads == 0 && query.size(3) == cache.head_dim;
  if (fits) return;
  throw InvalidArgument(concat(
      "decode: expected query ", cache.type, " [", sequences, ", heads, queries, ", cache.head_dim,
      "] on cpu, with heads a multiple of ", cache.kv_heads, ", got ",
      query.defined() ? concat(query.scalar_type(), " ", query.sizes(), " on ", query.device())
                      : "an undefined tensor"));
}

void check_options(const KvCacheOptions& cache, const DecodeOptions& options) {
  if (options.scale && !(*options.scale > 0 && std::isfinite(*options.scale))) {
    throw InvalidArgument(concat("decode: expected a positive scale, got ", *options.scale));
  }
  if (options.window && *options.window < 1) {
    throw InvalidArgument(
        concat("decode: expected a window of 1 token or more, got ", *options.window));
  }
  if (!options.budget) return;
  checked(*options.budget);
  if (options.window) {
    throw InvalidArgument("decode: expected a budget or a window, got both",
                          "a window bounds what is looked at by itself");
  }
  if (cache.scorer) return;
  throw InvalidArgument("decode: expected a cache with a scorer, by which to choose pages",
                        "set KvCacheOptions::scorer, or leave the budget empty to look at all");
}

DecodeShape checked_shape(const at::Tensor& query, const PagedKvCache& cache,
                          CachedSequences sequences, const DecodeOptions& options) {
  check_query(query, cache.options(), sequences.size());
  check_options(cache.options(), options);
  using kernels::kNoWindow;
  DecodeShape shape{cache.state(),
                    {},
                    query.size(1),
                    query.size(2),
                    std::min(options.window.value_or(kNoWindow), kNoWindow)};
  for (const auto id : sequences) {
    const CachedSequence& sequence = cache.state().at(id);
    if (sequence.length < shape.queries) {
      throw InvalidArgument(concat("decode: expected ", shape.queries,
                                   " tokens or more in sequence ", id, ", got ", sequence.length),
                            "append the tokens of the queries first");
    }
    shape.sequences.push_back(&sequence);
  }
  return shape;
}

QueryFeatures query_features(const at::Tensor& query, const DecodeShape& shape, double scale) {
  const BlockScorer& scorer = *shape.cache.options.scorer;
  const Scoring scoring = scorer.scoring();
  const std::vector<std::int64_t> sizes =
      scoring == Scoring::each_query
          ? std::vector{query.size(0) * query.size(1), query.size(2), query.size(3)}
          : std::vector{query.size(0) * query.size(1), shape.query_blocks(),
                        shape.cache.memory.feature_count()};
  const at::Tensor features = scorer.query_features(query, scale);
  if (features.scalar_type() == at::kFloat && features.sizes() == sizes) {
    return {features.contiguous(), scoring};
  }
  throw InvalidArgument(concat("decode: expected the scorer to give fp32 ", at::IntArrayRef(sizes),
                               ", got ", features.scalar_type(), " ", features.sizes()));
}

std::vector<Part> parts_of(const DecodeShape& shape, const std::vector<Group>& groups) {
  std::vector<Part> parts;
  std::int64_t row = 0;
  for (const Group& group : groups) {
    const std::int64_t most = kPartBlocks * group.row.queries;
    const std::int64_t count = (group.count() + most - 1) / most;
    if (count == 1) {
      parts.push_back({&group, 0, group.count(), {}});
      continue;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t first = group.count() * i / count;
      parts.push_back({&group, first, group.count() * (i + 1) / count - first, row});
      row += shape.group() * group.row.queries;
    }
  }
  return parts;
}

/// The softmax over what the parts of a query looked at, of results over each: `count` of them,
/// `stride` rows apart.
void combine(const float* outputs, const float* log_sums, std::int64_t count, std::int64_t stride,
             std::int64_t head_dim, float* output, float* log_sum_exp) {
  float largest = log_sums[0];
  for (std::int64_t i = 1; i < count; ++i) largest = std::max(largest, log_sums[i * stride]);
  float total = 0;
  std::fill_n(output, head_dim, 0.0F);
  for (std::int64_t i = 0; i < count; ++i) {
    const float weight = std::exp(log_sums[i * stride] - largest);
    const float* from = outputs + i * stride * head_dim;
    for (std::int64_t d = 0; d < head_dim; ++d) output[d] += weight * from[d];
    total += weight;
  }
  for (std::int64_t d = 0; d < head_dim; ++d) output[d] /= total;
  *log_sum_exp = largest + std::log(total);
}

/// The results of the groups that have several parts.
void combine_all(const PartsCall& call) {
  const std::int64_t head_dim = call.head_dim();
  const auto* outputs = call.part_output.const_data_ptr<float>();
  const auto* log_sums = call.part_log_sum_exp.const_data_ptr<float>();
  for (auto part = call.parts.begin(); part != call.parts.end();) {
    const Group& group = *part->group;
    const auto end = std::find_if(part, call.parts.end(),
                                  [&](const Part& other) { return other.group != &group; });
    const std::int64_t tokens = part->row ? group.row.queries : 0;
    const std::int64_t rows = call.shape.group() * tokens;
    const PartPlace to = place_of(call, {.group = &group, .first = 0, .count = 0, .row = {}});
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t row = *part->row + r;
      combine(outputs + row * head_dim, log_sums + row, end - part, rows, head_dim,
              to.output + r / tokens * to.head_stride + r % tokens * to.token_stride,
              to.log_sum_exp + r / tokens * to.log_sum_stride + r % tokens);
    }
    part = end;
  }
}

double kept_share(const std::vector<Group>& groups) {
  std::int64_t kept = 0;
  std::int64_t visible = 0;
  for (const Group& group : groups) {
    kept += group.kept_pairs();
    visible += group.row.pairs();
  }
  return visible == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(visible);
}

}  // namespace

DecodeResult decode(const at::Tensor& query, const PagedKvCache& cache, CachedSequences sequences,
                    const DecodeOptions& options) {
  const DecodeShape shape = checked_shape(query, cache, sequences, options);
  const at::Tensor plain = query.detach();
  const double scale = scale_of({.scale = options.scale}, query.size(3));
  const auto groups = plan(shape, options.budget,
                           options.budget ? query_features(plain, shape, scale) : QueryFeatures());
  const auto sizes = query.sizes();
  PartsCall call{
      .shape = shape,
      .query = plain,
      .scale = scale,
      .parts = parts_of(shape, groups),
      .part_output = {},
      .part_log_sum_exp = {},
      // As a model takes it: the heads of a token beside each other.
      .output = at::empty({sizes[0], sizes[2], sizes[1], sizes[3]}, at::kFloat).transpose(1, 2),
      .log_sum_exp = at::empty(sizes.slice(0, 3), at::kFloat)};
  std::int64_t rows = 0;
  for (const Part& part : call.parts) {
    if (part.row) rows += shape.group() * part.group->row.queries;
  }
  call.part_output = at::empty({rows, sizes[3]}, at::kFloat);
  call.part_log_sum_exp = at::empty({rows}, at::kFloat);
  attend_parts(call);
  combine_all(call);
  return {.output = call.output.to(query.scalar_type()),
          .log_sum_exp = call.log_sum_exp,
          .kept = kept_share(groups)};
}

double decode_flops(const at::Tensor& query, const PagedKvCache& cache, CachedSequences sequences,
                    const DecodeOptions& options) {
  const DecodeShape shape = checked_shape(query, cache, sequences, options);
  std::int64_t pairs = 0;
  ScoredPairs scored{};
  for (const Group& group : plan(shape, options.budget, {})) {
    pairs += shape.group() * group.row.queries * group.count() * kBlockSize;
    const auto blocks = static_cast<double>(shape.group() * group.scored());
    scored.blocks += blocks;
    scored.queries += blocks * static_cast<double>(group.row.queries);
  }
  const double products = 4.0 * static_cast<double>(pairs) * static_cast<double>(query.size(3));
  if (!options.budget) return products;
  const at::Tensor no_keys =
      at::empty({query.size(0), shape.kv_heads(), 0, query.size(3)}, query.options());
  return products + cache.options().scorer->flops(query, no_keys, scored);
}

}  // namespace hadal::dao
