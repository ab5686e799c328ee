#include "hadal/draf/plan/replicas_memory.h"

#include "hadal/core/error.h"
#include "hadal/draf/plan/memory.h"
#include "hadal/draf/plan/operators.h"
#include "hadal/draf/plan/pass.h"

#include <algorithm>

namespace hadal::draf::plan {
namespace {

void check(const Shape& shape, const ReplicasWorkload& workload) {
  const ReplicasWorkload& w = workload;
  if (std::min({w.sequences, w.length, w.devices_per_node, w.replicas, w.stages, w.step_tokens}) <
      1) {
    throw InvalidArgument("expected numbers of the workload from 1");
  }
  if (w.sequences % w.replicas != 0) {
    throw InvalidArgument(concat("expected sequences that ", w.replicas,
                                 " replicas share evenly, got ", w.sequences));
  }
  check(shape, {.nodes = w.stages, .devices_per_node = w.devices_per_node},
        {.tensor = w.devices_per_node, .pipeline = w.stages});
}

MemoryPart weights(const Shape& shape, const ReplicasWorkload& workload) {
  const double copy =
      static_cast<double>(shape.layers) * shape.layer_parameters() * shape.weight_bytes;
  return {.name = "weights",
          .replicas = static_cast<double>(workload.replicas) * copy,
          .sharded = copy,
          .assumed_of_replicas = concat(workload.replicas, " copies, one a node, ",
                                        shape.weight_bytes, " bytes a parameter"),
          .assumed_of_sharded = concat("one copy over ", workload.stages, " nodes")};
}

MemoryPart cache(const Shape& shape, const ReplicasWorkload& workload) {
  const double bytes =
      static_cast<double>(workload.sequences * workload.length) * shape.cache_bytes_a_token();
  const std::string what = concat(workload.sequences, " sequences of ", workload.length,
                                  " tokens, ", shape.cache_bytes_a_token() / 1e6, " MB a token");
  return {.name = "KV cache",
          .replicas = bytes,
          .sharded = bytes,
          .assumed_of_replicas = what,
          .assumed_of_sharded = "the same"};
}

MemoryPart embeddings(const Shape& shape, const ReplicasWorkload& workload) {
  const double table =
      (shape.embedding_parameters() * (shape.tied ? 1 : 2) + shape.position_parameters()) *
      shape.weight_bytes;
  // The last stage needs the embedding too where it is its head.
  const bool twice = shape.tied && workload.stages > 1;
  const double again = twice ? shape.embedding_parameters() * shape.weight_bytes : 0;
  return {.name = "embeddings",
          .replicas = table * static_cast<double>(workload.replicas * workload.devices_per_node),
          .sharded = table + again,
          .assumed_of_replicas = "whole on each device",
          .assumed_of_sharded = concat("shared among the devices of ",
                                       twice ? "the first and the last node" : "a node")};
}

/// Of replicas, in two parts: what each device holds whole, and its share.
std::vector<MemoryPart> activations(const Shape& shape, const ReplicasWorkload& workload) {
  const double tokens =
      static_cast<double>(workload.sequences / workload.replicas * workload.length);
  const auto replicas = static_cast<double>(workload.replicas);
  const auto ranks = static_cast<double>(workload.devices_per_node);
  const auto dim = static_cast<double>(shape.dim);
  constexpr double kWhole = 4;  // the stream, its norm, and attention's and the MLP's results
  const double shares = 2 * shape.query_dim() + 2 * shape.kv_dim() +
                        static_cast<double>((shape.gated ? 2 : 1) * shape.hidden);
  const Layout layout{.tensor = workload.devices_per_node, .pipeline = workload.stages};
  const DeviceMemory device =
      device_memory(shape, layout, 1, static_cast<double>(workload.step_tokens));
  return {{.name = "replicated buffers",
           .replicas = replicas * ranks * tokens * kWhole * dim * kActivationBytes,
           .sharded = 0,
           .assumed_of_replicas = concat("4 of the model's width on each device, for ", tokens,
                                         " tokens: all prompts of its node at once"),
           .assumed_of_sharded = "none that grows with the prompts"},
          {.name = "activations",
           .replicas = replicas * tokens * shares * kActivationBytes,
           .sharded = device.activations * static_cast<double>(layout.devices()),
           .assumed_of_replicas = "query, key, value, attention and MLP, shared in a node",
           .assumed_of_sharded =
               concat("prompts in steps of ", workload.step_tokens, " tokens, on each device")}};
}

}  // namespace

ReplicasMemory compare_memory(const Shape& shape, const ReplicasWorkload& workload) {
  check(shape, workload);
  ReplicasMemory result;
  result.parts = {weights(shape, workload), cache(shape, workload), embeddings(shape, workload)};
  for (MemoryPart& part : activations(shape, workload)) result.parts.push_back(std::move(part));
  result.replicas_devices = workload.replicas * workload.devices_per_node;
  result.sharded_devices = workload.stages * workload.devices_per_node;
  for (const MemoryPart& part : result.parts) {
    result.replicas += part.replicas;
    result.sharded += part.sharded;
  }
  return result;
}

}  // namespace hadal::draf::plan
