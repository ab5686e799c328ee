#pragma once

// A cache beside a plain model of what it holds.
#include "hadal/dao/decode/cache_state.h"
#include "hadal/dao/decode/decode.h"
#include "hadal/dao/testing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao {

using Ids = std::vector<PagedKvCache::Sequence>;

/// What a sequence holds, [kv_heads, tokens, head_dim] each.
struct PlainSequence {
  at::Tensor key, value;
};

struct ModelledCache {
  explicit ModelledCache(const KvCacheOptions& options) : cache(options) {}

  PagedKvCache::Sequence add() {
    const auto id = cache.add();
    plain[id] = {tokens(0)[0], tokens(0)[0]};
    return id;
  }
  PagedKvCache::Sequence fork(PagedKvCache::Sequence from, std::int64_t count) {
    const auto id = cache.fork(from, count);
    plain[id] = {plain[from].key.narrow(1, 0, count), plain[from].value.narrow(1, 0, count)};
    return id;
  }
  void free(PagedKvCache::Sequence id) {
    cache.free(id);
    plain.erase(id);
  }
  /// Random tokens to each sequence.
  void append(const Ids& ids, std::int64_t count) {
    const auto rows = static_cast<std::int64_t>(ids.size());
    append(ids, tokens(count, rows), tokens(count, rows));
  }
  void append(const Ids& ids, const at::Tensor& key, const at::Tensor& value) {
    cache.append(ids, key, value);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      PlainSequence& to = plain.at(ids[i]);
      const auto row = static_cast<std::int64_t>(i);
      to = {at::cat({to.key, key[row]}, 1), at::cat({to.value, value[row]}, 1)};
    }
  }
  at::Tensor tokens(std::int64_t count, std::int64_t rows = 1) const {
    const KvCacheOptions& options = cache.options();
    return at::randn({rows, options.kv_heads, count, options.head_dim}).to(options.type);
  }

  PagedKvCache cache;
  std::map<PagedKvCache::Sequence, PlainSequence> plain;
};

/// Makes the pages that are handed out next lie in no order, with numbers left from before that are
/// none.
inline void scatter_pages(ModelledCache& model) {
  Ids ids;
  for (std::int64_t i = 0; i < model.cache.options().pages; ++i) ids.push_back(model.add());
  const at::Tensor stale =
      at::full_like(model.tokens(kBlockSize, static_cast<std::int64_t>(ids.size())),
                    std::numeric_limits<float>::quiet_NaN());
  model.append(ids, stale, stale);
  Random(3).shuffle(ids);
  for (const auto id : ids) model.free(id);
}

/// Attention of the last queries, [heads, queries, head_dim], by the definition in their type: to
/// all tokens up to themselves, of which `blocks`, bool [heads, blocks], tells those looked at.
struct Defined {
  at::Tensor output, log_sum_exp;
};

inline Defined defined_decode(const at::Tensor& query, const PlainSequence& sequence,
                              const at::Tensor& blocks = {}) {
  const std::int64_t group = query.size(0) / sequence.key.size(0);
  const at::Tensor key = sequence.key.to(query.scalar_type()).repeat_interleave(group, 0);
  const at::Tensor value = sequence.value.to(query.scalar_type()).repeat_interleave(group, 0);
  const std::int64_t keys = key.size(1);
  at::Tensor mask = seen(query.size(1), keys, {}, /*causal=*/true)[0];
  if (blocks.defined()) {
    mask = mask & blocks.unsqueeze(1).repeat_interleave(kBlockSize, 2).slice(2, 0, keys);
  }
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(2)));
  const at::Tensor scores = (at::matmul(query, key.transpose(1, 2)) * scale)
                                .masked_fill(~mask, -std::numeric_limits<double>::infinity());
  return {at::matmul(scores.softmax(2), value), at::logsumexp(scores, 2)};
}

/// Collects how far results are from the definition in fp64, and how far the definition in the same
/// type is.
class Errors {
 public:
  void add(const at::Tensor& output, const at::Tensor& log_sum_exp, const at::Tensor& query,
           const PlainSequence& sequence, const at::Tensor& blocks = {}) {
    const Defined exact = defined_decode(query.to(at::kDouble), sequence, blocks);
    full_ = query.scalar_type() == at::kFloat;
    own_ = std::max(own_, error_of(output, exact.output));
    if (full_) noise_ = std::max(noise_, rounding_of(exact.output));
    same_type_ = std::max(same_type_,
                          error_of(defined_decode(query, sequence, blocks).output, exact.output));
    EXPECT_LE(error_of(log_sum_exp, exact.log_sum_exp),
              (full_ ? 4e-7 : 2e-2) * (4 + exact.log_sum_exp.abs().max().item<double>()));
  }
  /// Holds that the largest error is at most twice that of the same type (and what is lost in the
  /// noise of the type itself).
  ~Errors() { EXPECT_LE(own_, 2 * same_type_ + (full_ ? noise_ : 1e-3)); }
  Errors() = default;
  Errors(const Errors&) = delete;
  Errors& operator=(const Errors&) = delete;

 private:
  double own_ = 0;
  double noise_ = 2e-7;
  double same_type_ = 0;
  bool full_ = true;
};

}  // namespace hadal::dao
