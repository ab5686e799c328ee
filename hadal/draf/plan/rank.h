#pragma once

#include "hadal/draf/plan/candidate.h"
#include "hadal/draf/plan/cluster.h"
#include "hadal/draf/plan/shape.h"
#include "hadal/draf/plan/workload.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::plan {

/// What the best layout is best at.
enum class Goal {
  throughput,  ///< the most tokens a second
  latency,     ///< the shortest time of a request
  memory,      ///< the least memory of all devices that serves the rate
};
inline constexpr std::array<std::string_view, 3> kGoalNames = {"throughput", "latency", "memory"};
inline std::string_view name_of(Goal goal) { return kGoalNames[static_cast<std::size_t>(goal)]; }

/// What arrives in a simulation, as a part of what the layout can serve, where no rate is given.
inline constexpr double kLoadOfSimulation = 0.8;

struct PlanOptions {
  Goal goal = Goal::throughput;
  double most_first_token = 0;  ///< seconds; 0: any
  double most_token = 0;        ///< seconds; 0: any
  double reserve = 0.1;         ///< part of a device's memory that stays free
  std::int64_t step_tokens = 2048;
  std::int64_t most_batch = 256;
  std::int64_t simulate = 5;  ///< of the best layouts
  std::int64_t requests = 0;  ///< of a simulation; 0: enough to fill its batches a few times
  std::uint64_t seed = 0;     ///< of the arrivals
};

/// Layouts that were considered and left out, by the reason.
struct LeftOut {
  std::int64_t memory = 0;       ///< not one sequence fits
  std::int64_t first_token = 0;  ///< later than it may come
  std::int64_t token = 0;        ///< slower than it may be
  std::int64_t overloaded = 0;   ///< more requests arrive than can be served
};

struct Plan {
  Shape shape;
  Cluster cluster;
  MeanRequest request;
  PlanOptions options;
  std::vector<Candidate> ranked;  ///< the best first
  LeftOut left_out;
};

/// Prices every layout of the model on the cluster: tensor ranks that share the heads evenly and
/// fill a part of a node or whole nodes, stages of which none could be left out, the best batch of
/// the powers of two that memory allows, and as many replicas as there are devices for; or, where
/// the goal is memory, as few as serve the rate. Simulates the best, and orders those anew by what
/// was seen where the goal is latency. Throws InvalidArgument for options and workloads that make
/// no sense, and, saying why, where no layout is left.
Plan rank(const Shape& shape, const Cluster& cluster, const Workload& workload,
          const PlanOptions& options);

}  // namespace hadal::draf::plan
