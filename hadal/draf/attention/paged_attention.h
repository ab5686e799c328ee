#pragma once

#include "hadal/draf/cache/sequence_cache.h"
#include "hadal/draf/engine/create.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// Sequences whose tokens of one pass, as many of each, lie one after another.
struct SequenceGroup {
  std::vector<SequenceCache::Id> sequences;
  std::int64_t tokens;  ///< of each
  bool sparse;          ///< may look at a part of the keys only
};

/// Floating-point operations of attention's products, 4 head_dim a pair of a query and a key.
struct AttentionWork {
  double done = 0;     ///< of the pairs that were looked at
  double visible = 0;  ///< of all that see each other
};

/// Attention of a model's layers to what a SequenceCache holds. For one thread.
class PagedAttention {
 public:
  /// The options must be checked.
  PagedAttention(const ModelShape& shape, const SparsityOptions& options, SequenceCache& cache);

  /// Appends the pass's keys and values and attends, as LayerAttention says.
  at::Tensor operator()(std::int64_t layer, const std::vector<SequenceGroup>& groups,
                        const at::Tensor& query, const at::Tensor& key, const at::Tensor& value);

  const AttentionWork& work() const { return work_; }  ///< since the start
  /// The mean share of attention that was missing where that was looked at; 0 where it was not.
  double missing_mass() const { return measured_ == 0 ? 0 : missing_ / measured_; }

 private:
  struct Call;
  struct Layer {
    std::int64_t calls = 0;
    std::int64_t cooldown = 0;
  };

  at::Tensor attend(const Call& call);
  at::Tensor sparse(const Call& call);
  bool accept(const Call& call, double missing);
  void count(const Call& call, double kept);

  ModelShape shape_;
  SparsityOptions options_;
  SequenceCache& cache_;
  std::vector<Layer> layers_;
  AttentionWork work_;
  double missing_ = 0;
  double measured_ = 0;
};

/// The options of the caches of the model's layers, with as many pages as fit, and as are of use:
/// `sequences` of the whole context. Throws InvalidArgument where none fits, and what load_gates()
/// throws.
std::vector<dao::KvCacheOptions> cache_options(const ModelShape& shape,
                                               const EngineOptions& options);

/// Bytes of a page in each of the layers' caches.
std::int64_t page_bytes(const std::vector<dao::KvCacheOptions>& layers);

}  // namespace hadal::draf
