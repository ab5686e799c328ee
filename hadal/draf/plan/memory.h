#pragma once

#include "hadal/draf/plan/cluster.h"
#include "hadal/draf/plan/pass.h"
#include "hadal/draf/plan/shape.h"

#include <cstdint>

namespace hadal::draf::plan {

/// Bytes of the device that has to hold the most.
struct DeviceMemory {
  double weights = 0;      ///< of its share of the layers
  double embeddings = 0;   ///< token embedding, positions or head
  double cache = 0;        ///< keys and values
  double activations = 0;  ///< buffers of a step
  double total() const { return weights + embeddings + cache + activations; }
};

/// As Hadal shards: layers over stages; each layer, the embedding and the head over the tensor
/// ranks, and nothing twice but heads of keys and values where there are fewer than ranks. The
/// cache holds layout.batch sequences of `length` tokens, the buffers a step of `step_tokens`.
DeviceMemory device_memory(const Shape& shape, const Layout& layout, double length,
                           double step_tokens);

/// The most sequences of `length` tokens that fit a replica's devices, of which a part of
/// `reserve` stays free; 0 where not even one does.
std::int64_t most_sequences(const Shape& shape, const Cluster& cluster, const Layout& layout,
                            double length, double step_tokens, double reserve);

}  // namespace hadal::draf::plan
