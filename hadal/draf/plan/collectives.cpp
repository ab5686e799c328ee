#include "hadal/draf/plan/collectives.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {
namespace {

/// Part of the bytes, of a sum over `count`, that cross each link.
double part(std::int64_t count) {
  return 2 * static_cast<double>(count - 1) / static_cast<double>(count);
}

double seconds_of(double bytes, const Link& link) { return bytes == 0 ? 0 : bytes / link.rate; }

}  // namespace

Group group_of(const Cluster& cluster, std::int64_t ranks) {
  const std::int64_t in_node = cluster.devices_per_node;
  if (ranks >= 1 && ranks <= cluster.devices()) {
    if (ranks <= in_node && in_node % ranks == 0) return {.in_node = ranks};
    if (ranks % in_node == 0) return {.in_node = in_node, .nodes = ranks / in_node};
  }
  throw InvalidArgument(concat("expected ranks that fill a part of a node of ", in_node,
                               " devices or whole nodes, up to ", cluster.devices(), ", got ",
                               ranks));
}

double all_reduce_seconds(const Cluster& cluster, const Group& group, double bytes) {
  if (group.ranks() == 1) return 0;
  const bool in_one_node = group.nodes == 1;
  const auto nodes = static_cast<double>(group.nodes);
  if (cluster.all_reduce == AllReduce::ring) {
    const auto ranks = static_cast<double>(group.ranks());
    const double crossings = in_one_node ? 0 : nodes;
    const double hops =
        2 * (ranks - 1) / ranks *
        ((ranks - crossings) * cluster.node.hop_seconds + crossings * cluster.network.hop_seconds);
    const double node = group.in_node == 1 ? 0 : seconds_of(bytes, cluster.node);
    const double network = in_one_node ? 0 : seconds_of(bytes, cluster.network);
    return cluster.collective_seconds + hops + part(group.ranks()) * std::max(node, network);
  }
  const auto in_node = static_cast<double>(group.in_node);
  const double hops = 2 * (std::log2(in_node) * cluster.node.hop_seconds +
                           std::log2(nodes) * cluster.network.hop_seconds);
  return cluster.collective_seconds + hops +
         std::max(seconds_of(part(group.in_node) * bytes, cluster.node),
                  seconds_of(part(group.nodes) * bytes, cluster.network));
}

double send_seconds(const Cluster& cluster, bool in_node, double bytes) {
  const Link& link = in_node ? cluster.node : cluster.network;
  const auto sharers = in_node ? 1.0 : static_cast<double>(cluster.devices_per_node);
  return cluster.collective_seconds + link.hop_seconds + seconds_of(bytes * sharers, link);
}

}  // namespace hadal::draf::plan
