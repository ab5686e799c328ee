#include "hadal/msp/backdoor/detect/activation_clustering.h"

#include "hadal/msp/attack/rows.h"
#include "hadal/msp/backdoor/detect/principal.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/where.h>

namespace hadal::msp {
namespace {

constexpr std::int64_t kComponents = 10;
constexpr int kRounds = 50;

/// Lloyd's algorithm for two clusters, from the halves below and above the mean of the first
/// component; bool [n], those in the second.
at::Tensor two_means(const at::Tensor& points) {
  at::Tensor second = points.select(1, 0) > 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::int64_t size = second.sum().item<std::int64_t>();
    if (size == 0 || size == points.size(0)) break;
    const at::Tensor a = points.index_select(0, places_of(second.logical_not())).mean(0);
    const at::Tensor b = points.index_select(0, places_of(second)).mean(0);
    const at::Tensor nearer = (points - b).square().sum(1) < (points - a).square().sum(1);
    if (nearer.equal(second)) break;
    second = nearer;
  }
  return second;
}

/// The mean over points of (b - a) / max(a, b), with a and b the mean distances to the others of
/// the own cluster and to those of the other; a cluster of one counts 0.
double silhouette(const at::Tensor& points, const at::Tensor& second) {
  const at::Tensor in_second = second.to(at::kDouble), in_first = 1 - in_second;
  const double n_second = in_second.sum().item<double>(), n_first = in_first.sum().item<double>();
  if (n_first == 0 || n_second == 0) return 0;
  const at::Tensor distances = at::cdist(points, points);
  const at::Tensor to_first = distances.mv(in_first), to_second = distances.mv(in_second);
  const at::Tensor own = at::where(second, to_second / std::max(1.0, n_second - 1),
                                   to_first / std::max(1.0, n_first - 1));
  const at::Tensor other = at::where(second, to_first / n_first, to_second / n_second);
  const at::Tensor each = (other - own) / at::maximum(own, other).clamp_min(1e-300);
  const at::Tensor alone = at::where(second, n_second == 1 ? 1.0 : 0.0, n_first == 1 ? 1.0 : 0.0);
  return (each * (1 - alone)).mean().item<double>();
}

}  // namespace

Evidence ActivationClustering::look(const Suspect& suspect) const {
  require_features("activation-clustering", suspect.training_features, suspect.training_labels,
                   suspect.classes);
  Evidence evidence;
  for (std::int64_t k = 0; k < suspect.classes; ++k) {
    const Principal of = principal_of(suspect.training_features, suspect.training_labels, k);
    const std::int64_t components = std::min(kComponents, of.directions.size(1));
    const at::Tensor points = of.centered.matmul(of.directions.narrow(1, 0, components));
    evidence.scores.push_back(silhouette(points, two_means(points)));
  }
  return evidence;
}

}  // namespace hadal::msp
