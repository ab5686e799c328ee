#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hadal::msp {

/// Whether a model is as others are that are known to be clean.
struct BackdoorDecision {
  double statistic = 0;   ///< the largest of its scores, in deviations of the clean models'
  std::size_t place = 0;  ///< which of its scores that is
  /// The chance that a clean model would have a statistic as large: at least 1 / (clean models +
  /// 1).
  double p = 1;
};

/// Compares the scores of a model with those of clean ones, of the same architecture and data, each
/// in the same order: of the classes, of one detector after the other. Each score is taken about
/// the median over all models, the judged one among them, in units of 1.4826 times the median
/// absolute deviation; so what is a small trigger for one class need not be for another. The
/// statistic is the largest, and p its rank among those of the clean: exact whatever the scores'
/// distribution, as the models are treated alike (full conformal prediction, Vovk et al., 2005).
/// Throws InvalidArgument where there is no clean model, a row has another length or none, or a
/// score is not finite.
BackdoorDecision decide_backdoor(std::span<const std::vector<double>> clean,
                                 const std::vector<double>& judged);

/// The usual rule instead, without clean models: how far each size lies below the median over the
/// classes, in units of 1.4826 times the median absolute deviation (Wang et al., 2019). Above 2 is
/// called a backdoor; of ten draws of one normal distribution, though, one is in a third of cases.
/// Throws InvalidArgument where there are none or one is not finite.
std::vector<double> anomaly_indices(const std::vector<double>& sizes);
constexpr double kAnomalyLimit = 2;

}  // namespace hadal::msp
