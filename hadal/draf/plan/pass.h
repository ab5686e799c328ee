#pragma once

#include "hadal/draf/plan/cluster.h"
#include "hadal/draf/plan/collectives.h"
#include "hadal/draf/plan/shape.h"

#include <cstdint>

namespace hadal::draf::plan {

/// How a model lies on a cluster's devices.
struct Layout {
  std::int64_t tensor = 1;    ///< ranks that share each layer
  std::int64_t pipeline = 1;  ///< stages, each with a part of the layers
  std::int64_t replicas = 1;
  std::int64_t batch = 1;  ///< the most sequences that a replica computes at a time
  std::int64_t devices() const { return tensor * pipeline * replicas; }
};

/// What a step computes. Averages over many steps need not be integers.
struct Step {
  double sequences = 0;     ///< that take part
  double tokens = 0;        ///< new ones, of all sequences
  double cache_tokens = 0;  ///< whose keys and values are read
  double pairs = 0;         ///< of a query and a key

  /// `sequences` that generate a token each, `length` tokens long.
  static Step decode(double sequences, double length);
  /// `sequences` of which `count` tokens after the first `done` are computed.
  static Step prefill(double sequences, double count, double done = 0);
  Step operator+(const Step& other) const;
  Step operator*(double factor) const;
};

/// Where a step's seconds go.
struct PassTime {
  double matmul = 0;
  double attention = 0;
  double elementwise = 0;
  double engine = 0;      ///< what the engine adds
  double collective = 0;  ///< that is not hidden
  double head = 0;        ///< the last product and the choice of tokens
  double send = 0;        ///< from stage to stage
  double bubble = 0;      ///< stages that wait for others
  double total() const;
  PassTime operator*(double factor) const;
};

/// Prices steps of one model in one layout.
class PassCost {
 public:
  /// Throws InvalidArgument where the layout does not fit the model or the cluster: see check().
  PassCost(const Shape& shape, const Cluster& cluster, const Layout& layout);

  /// A step of which `micro_batches` equal parts go through the stages one after the other; the
  /// stages are empty before and after it. micro_batches 1 where there is one stage.
  PassTime alone(const Step& step, std::int64_t micro_batches = 1) const;
  /// A step in the steady state of a pipeline, where as many parts as there are stages, or as there
  /// are sequences, are always under way.
  PassTime steady(const Step& step) const;

 private:
  PassTime layer(const Step& step) const;
  PassTime stages(const Step& part, const Step& step, double rounds, double parts) const;

  Shape shape_;
  Cluster cluster_;
  Layout layout_;
  Group group_;
  double stage_layers_;
  double kv_heads_;  // of a rank
};

/// Throws InvalidArgument, saying what would do, unless the heads can be shared among the tensor
/// ranks, each stage has a layer, and all replicas fit the cluster.
void check(const Shape& shape, const Cluster& cluster, const Layout& layout);

}  // namespace hadal::draf::plan
