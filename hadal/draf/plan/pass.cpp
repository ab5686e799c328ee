#include "hadal/draf/plan/pass.h"

#include "hadal/core/error.h"
#include "hadal/draf/plan/operators.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {
namespace {

// Reads and writes of a number of the residual stream, a token and layer: two norms (4), two sums
// with it and their biases (5). Every rank does them all.
constexpr double kResidualMoves = 9;
// Of a number of query, key and value, a rank's share: biases and layouts for the cache.
constexpr double kProjectionMoves = 8.0 / 3;
// Of a number that goes into the feed-forward activation or comes out of it.
constexpr double kActivationMoves = 1;
// Bytes of a logit in fp32 times the passes that soften, sort and choose.
constexpr double kSamplingBytes = 6 * 4;

double part_of(double value, std::int64_t count) { return value / static_cast<double>(count); }

/// Reads and writes of a layer's small operators, in bytes a token and rank.
double elementwise_bytes(const Shape& shape, std::int64_t ranks) {
  const double projections = shape.query_dim() + 2 * shape.kv_dim();
  const auto hidden = static_cast<double>(shape.hidden);
  const double activation = (shape.gated ? 3 : 2) * hidden;
  return kActivationBytes *
         (kResidualMoves * static_cast<double>(shape.dim) +
          part_of(kProjectionMoves * projections + kActivationMoves * activation, ranks));
}

}  // namespace

Step Step::decode(double sequences, double length) {
  return {.sequences = sequences,
          .tokens = sequences,
          .cache_tokens = sequences * length,
          .pairs = sequences * length};
}

Step Step::prefill(double sequences, double count, double done) {
  return {.sequences = sequences,
          .tokens = sequences * count,
          .cache_tokens = sequences * (done + count),
          .pairs = sequences * count * (done + count)};
}

Step Step::operator+(const Step& other) const {
  return {.sequences = sequences + other.sequences,
          .tokens = tokens + other.tokens,
          .cache_tokens = cache_tokens + other.cache_tokens,
          .pairs = pairs + other.pairs};
}

Step Step::operator*(double factor) const {
  return {.sequences = sequences * factor,
          .tokens = tokens * factor,
          .cache_tokens = cache_tokens * factor,
          .pairs = pairs * factor};
}

double PassTime::total() const {
  return matmul + attention + elementwise + engine + collective + head + send + bubble;
}

PassTime PassTime::operator*(double factor) const {
  return {.matmul = matmul * factor,
          .attention = attention * factor,
          .elementwise = elementwise * factor,
          .engine = engine * factor,
          .collective = collective * factor,
          .head = head * factor,
          .send = send * factor,
          .bubble = bubble * factor};
}

void check(const Shape& shape, const Cluster& cluster, const Layout& layout) {
  const auto refuse = [&](const std::string& reason) {
    throw InvalidArgument(concat("tensor parallel ", layout.tensor, " x pipeline parallel ",
                                 layout.pipeline, ": ", reason));
  };
  group_of(cluster, layout.tensor);
  if (shape.heads % layout.tensor != 0) {
    refuse(concat("expected ranks that divide the ", shape.heads, " heads"));
  }
  if (shape.kv_heads % layout.tensor != 0 && layout.tensor % shape.kv_heads != 0) {
    refuse(concat("expected ranks that divide, or are a multiple of, the ", shape.kv_heads,
                  " heads of keys and values"));
  }
  if (layout.pipeline < 1 || layout.pipeline > shape.layers) {
    refuse(concat("expected 1 to ", shape.layers, " stages, one layer each at least"));
  }
  if (layout.replicas < 1 || layout.batch < 1) refuse("expected a replica and a sequence at least");
  if (layout.devices() > cluster.devices()) {
    refuse(concat(layout.replicas, " replicas take ", layout.devices(),
                  " devices, the cluster has ", cluster.devices()));
  }
}

PassCost::PassCost(const Shape& shape, const Cluster& cluster, const Layout& layout)
    : shape_(shape), cluster_(cluster), layout_(layout) {
  check(shape, cluster, layout);
  group_ = group_of(cluster, layout.tensor);
  // The slowest stage, which has the most layers, sets the pace.
  stage_layers_ = std::ceil(part_of(static_cast<double>(shape.layers), layout.pipeline));
  kv_heads_ = std::max(1.0, part_of(static_cast<double>(shape.kv_heads), layout.tensor));
}

PassTime PassCost::layer(const Step& step) const {
  const Device& device = cluster_.device;
  const EngineCosts& engine = cluster_.engine;
  const auto dim = static_cast<double>(shape_.dim);
  const auto head_dim = static_cast<double>(shape_.head_dim);
  const double query = part_of(shape_.query_dim(), layout_.tensor);
  const double kv = kv_heads_ * head_dim;
  const double hidden = part_of(static_cast<double>(shape_.hidden), layout_.tensor);
  const auto product = [&](double inner, double columns) {
    return matmul_seconds(device, step.tokens, inner, columns, shape_.weight_bytes);
  };
  PassTime time;
  time.matmul = product(dim, query + 2 * kv) + product(query, dim) +
                product(dim, (shape_.gated ? 2 : 1) * hidden) + product(hidden, dim);
  time.attention = attention_seconds(device, 2 * step.cache_tokens * kv * shape_.cache_bytes,
                                     4 * step.pairs * query);
  time.elementwise =
      elementwise_seconds(device, step.tokens * elementwise_bytes(shape_, layout_.tensor));
  time.engine = engine.layer_seconds;
  // The host starts operators while the device works on those before.
  time.engine += std::max(0.0, engine.host_seconds - time.total());
  // Nothing hides behind a token of each sequence.
  const bool hides = step.tokens > 2 * step.sequences;
  time.collective = 2 * all_reduce_seconds(cluster_, group_, step.tokens * dim * kActivationBytes) *
                    (hides ? 1 - engine.overlap : 1);
  return time;
}

PassTime PassCost::stages(const Step& part, const Step& step, double rounds, double parts) const {
  const PassTime one = layer(part);
  const double layers = static_cast<double>(shape_.layers);
  // What the parts would take if no stage ever waited.
  PassTime time = one * (layers * parts / static_cast<double>(layout_.pipeline));
  time.bubble = std::max(0.0, rounds * stage_layers_ * one.total() - time.total());
  const auto dim = static_cast<double>(shape_.dim);
  const double columns = part_of(static_cast<double>(shape_.vocabulary), layout_.tensor);
  const double logits = step.sequences * static_cast<double>(shape_.vocabulary);
  time.head = matmul_seconds(cluster_.device, step.sequences, dim, columns, shape_.weight_bytes) +
              logits * kSamplingBytes / cluster_.device.memory_rate;
  const bool in_node = layout_.tensor * layout_.pipeline <= cluster_.devices_per_node;
  const double bytes = part_of(part.tokens * dim * kActivationBytes, layout_.tensor);
  if (layout_.pipeline > 1) {
    time.send = static_cast<double>(layout_.pipeline - 1) * send_seconds(cluster_, in_node, bytes);
  }
  return time;
}

PassTime PassCost::alone(const Step& step, std::int64_t micro_batches) const {
  const auto parts = static_cast<double>(micro_batches);
  const double rounds = parts + static_cast<double>(layout_.pipeline) - 1;
  return stages(step * (1 / parts), step, rounds, parts);
}

PassTime PassCost::steady(const Step& step) const {
  const auto depth = static_cast<double>(layout_.pipeline);
  const double parts = std::clamp(step.sequences, 1.0, depth);
  return stages(step * (1 / parts), step, std::max(parts, depth), parts);
}

}  // namespace hadal::draf::plan
