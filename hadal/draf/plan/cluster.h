#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::plan {

/// What a device computes and holds. The rates are those that are reached, not those of data
/// sheets. Bytes, seconds and operations a second.
struct Device {
  double memory = 0;            ///< bytes that weights, cache and buffers may take
  double matmul_rate = 0;       ///< of large products of matrices
  double memory_rate = 0;       ///< of long reads
  double kernel_seconds = 0;    ///< that a product takes however small it is
  double roofline_power = 2;    ///< see matmul_seconds()
  double elementwise_rate = 1;  ///< of norms, activations and sums, as a part of memory_rate
  double cache_rate = 0.8;      ///< of attention over the cache, as a part of memory_rate
  double attention_rate = 0.4;  ///< of attention's products, as a part of matmul_rate
};

/// A link that a collective crosses.
struct Link {
  double rate = 0;         ///< bytes a second
  double hop_seconds = 0;  ///< a message takes in addition
};

/// See all_reduce_seconds().
enum class AllReduce { tree, ring };
std::string_view name_of(AllReduce algorithm);

/// What a program adds to the operators.
struct EngineCosts {
  std::string name = {};
  double layer_seconds = 0;  ///< a layer's small operators, on the device
  double host_seconds = 0;   ///< that the host takes to start a layer, beside the device's work
  double recomputed = 0;     ///< part of a sequence that a step computes again; 0 with a KV cache
  double overlap = 0;        ///< part of the collectives hidden behind computation, in prefill
};

/// Equal machines with equal devices.
struct Cluster {
  std::string name = {};
  std::string source = {};  ///< where the numbers are from
  std::int64_t nodes = 1;
  std::int64_t devices_per_node = 1;
  Device device = {};
  Link node = {};     ///< between devices of a node, each
  Link network = {};  ///< between nodes; the rate is a node's
  AllReduce all_reduce = AllReduce::tree;
  double collective_seconds = 0;  ///< to start a collective, however small
  EngineCosts engine = {};

  std::int64_t devices() const { return nodes * devices_per_node; }
};

/// Reads a description in TOML; docs/planning.md shows one. `engine` picks one of the engines that
/// it lists, and the first where empty. `source` names the text in errors. Throws FormatError,
/// naming line and field, and InvalidArgument for an engine that it does not list.
Cluster parse_cluster(std::string_view text, const std::string& source,
                      const std::string& engine = "");

/// The description that comes with Hadal under the name `cluster`, or that in the file `cluster`.
/// Throws IoError too, and InvalidArgument, listing the names, where there is neither.
Cluster find_cluster(const std::string& cluster, const std::string& engine = "");
std::vector<std::string> cluster_names();

/// A text that parse_cluster() reads as the same.
std::string cluster_toml(const Cluster& cluster);

}  // namespace hadal::draf::plan
