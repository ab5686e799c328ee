#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/select/selector.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// The steps from dense attention to sparse.
enum class Mode {
  dense,   ///< computes and returns dense attention
  shadow,  ///< computes both, records the difference, and returns dense attention
  canary,  ///< does as shadow for a share of the calls, but returns sparse attention there
  sparse,  ///< computes and returns sparse attention
};

/// When a layer goes back to dense attention: once the share of its attention that the kept pairs
/// leave out (see missing_mass()) is above `bound`. With sparse attention alone it is estimated, in
/// each call, from some queries of each head; where both are computed, it is known.
struct Guard {
  double bound = 0.25;  ///< in (0, 1]
  /// Queries of each head that the estimate rests on, at random places; 0 for no estimate.
  std::int64_t rows = 16;
  /// Further calls that are dense before sparse attention is tried again; at least 0.
  std::int64_t cooldown = 100;
};

struct SparseAttentionOptions {
  std::string name = "attention";  ///< of the layer, in messages
  Mode mode = Mode::sparse;
  double canary_share = 0.05;  ///< of the calls, in (0, 1]
  /// With fewer keys, choosing costs more than it saves, and attention is dense; at least 0.
  std::int64_t dense_below = 2048;
  Guard guard = {};
  std::uint64_t seed = 0;  ///< of the guard's queries and the canary's calls
};

/// What has happened so far. A mean is 0 where nothing was recorded.
struct SparseAttentionReport {
  std::int64_t calls = 0;
  std::int64_t returned_sparse = 0;  ///< calls whose result was sparse attention
  std::int64_t fallbacks = 0;        ///< calls whose missing mass was above the bound
  bool fallen_back = false;          ///< sparse attention is not tried at present
  double mean_missing_mass = 0;      ///< over the calls in which it was known or estimated
  double largest_missing_mass = 0;
  double mean_error = 0;     ///< ||sparse - dense|| / ||dense|| of the output, where both ran
  double largest_error = 0;  ///< the same, of one call
};

/// The attention of one layer of a model, over pairs that a selector chooses, with a guard of its
/// quality. To be called in place of dense attention. May be called by many threads.
class SparseAttention {
 public:
  /// Throws InvalidArgument, naming the value, for options out of range or no selector.
  explicit SparseAttention(std::shared_ptr<const Selector> selector,
                           const SparseAttentionOptions& options = {});

  /// As attention(), gradients included. A call whose missing mass is above the bound is computed
  /// anew and returns dense attention; it is counted, and a warning is logged.
  AttentionResult operator()(const at::Tensor& query, const at::Tensor& key,
                             const at::Tensor& value, const AttentionOptions& options = {});

  SparseAttentionReport report() const;

 private:
  struct Inputs;

  AttentionResult sparse(const Inputs& x, std::int64_t call);
  AttentionResult both(const Inputs& x, bool return_sparse);
  double estimate(const Inputs& x, const AttentionResult& result, std::int64_t call) const;
  bool is_canary(std::int64_t call) const;
  /// Whether this call has to be dense because of an earlier one.
  bool cools_down();
  /// Takes note of a call's missing mass; whether it is small enough.
  bool accept(double missing);

  std::shared_ptr<const Selector> selector_;
  SparseAttentionOptions options_;
  mutable std::mutex mutex_;
  SparseAttentionReport report_;  // the means as sums
  std::int64_t masses_ = 0;       // how many each sum has
  std::int64_t errors_ = 0;
  std::int64_t cooldown_left_ = 0;
};

}  // namespace hadal::dao
