#pragma once

#include "hadal/draf/plan/pass.h"

#include <cstdint>

namespace hadal::draf::plan {

/// Sequences that begin and end together, as published latencies have them.
struct BatchTime {
  PassTime prefill;  ///< up to the first token of each
  PassTime decode;   ///< all further ones
  std::int64_t micro_batches = 1;
  double seconds() const { return prefill.total() + decode.total(); }
};

/// A batch of layout.batch sequences of `prompt` tokens that generate `output` each, on one
/// replica, in the number of micro-batches, up to one a stage, that is quickest. An engine without
/// a KV cache computes `recomputed` of what came before at each step again. Throws InvalidArgument
/// where a length is below 1, and what PassCost throws.
BatchTime batch_time(const Shape& shape, const Cluster& cluster, const Layout& layout,
                     std::int64_t prompt, std::int64_t output);

}  // namespace hadal::draf::plan
