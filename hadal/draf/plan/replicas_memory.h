#pragma once

#include "hadal/draf/plan/shape.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hadal::draf::plan {

/// The same sequences on replicas, one a node, and on one model that is sharded over fewer nodes.
/// As it stands, the workload by which 175B parameters take the published 4.2 TB and 1.8 TB: the
/// publication gives these sums alone, and the assumptions behind them are Hadal's.
struct ReplicasWorkload {
  std::int64_t sequences = 147;  ///< at a time
  std::int64_t length = 2048;    ///< tokens of each
  std::int64_t devices_per_node = 8;
  std::int64_t replicas = 7;        ///< and as many nodes
  std::int64_t stages = 3;          ///< and nodes, where sharded
  std::int64_t step_tokens = 2048;  ///< of a step, where sharded
};

/// One part of the memory, in bytes of all devices, and what is assumed of it.
struct MemoryPart {
  std::string name;
  double replicas = 0;
  double sharded = 0;
  std::string assumed_of_replicas;
  std::string assumed_of_sharded;
};

struct ReplicasMemory {
  std::vector<MemoryPart> parts;
  double replicas = 0;
  double sharded = 0;
  std::int64_t replicas_devices = 0;
  std::int64_t sharded_devices = 0;
};

/// Replicas: tensor parallelism in each node that shares the layers' weights alone. Each device
/// holds the embedding, and whole buffers for all prompts of its node at once. Sharded: as
/// device_memory() says of Hadal. Throws InvalidArgument where a number is below 1, the replicas do
/// not share the sequences evenly, or the layout does not fit the model.
ReplicasMemory compare_memory(const Shape& shape, const ReplicasWorkload& workload = {});

}  // namespace hadal::draf::plan
