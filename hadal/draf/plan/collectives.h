#pragma once

#include "hadal/draf/plan/cluster.h"

#include <cstdint>

namespace hadal::draf::plan {

/// The ranks of a collective: `ranks` devices, as many as possible of them in each node.
struct Group {
  std::int64_t in_node = 1;
  std::int64_t nodes = 1;
  std::int64_t ranks() const { return in_node * nodes; }
};

/// Throws InvalidArgument unless `ranks` fill a part of a node, or whole nodes.
Group group_of(const Cluster& cluster, std::int64_t ranks);

/// The sum of `bytes` over all ranks, by the algorithm that the cluster says:
/// - tree: two trees, in a node and then across nodes (Sanders, Speck and Traff, 2009; NCCL):
///   2 log2(n) hops of each kind of link, and of the bytes 2 (n - 1) / n cross each, at the same
///   time: n is the devices in a node, or the nodes;
/// - ring (Patarasu and Yuan, 2009; Gloo): 2 (ranks - 1) hops, those between nodes among them, and
///   2 (ranks - 1) / ranks of the bytes over the slowest link.
/// A group of one takes no time.
double all_reduce_seconds(const Cluster& cluster, const Group& group, double bytes);

/// One message of `bytes` from a device to another, in the same node or not. Devices of a node
/// that send at the same time share its link to the network.
double send_seconds(const Cluster& cluster, bool in_node, double bytes);

}  // namespace hadal::draf::plan
