#pragma once

#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/evaluate/robustness.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct SmoothingOptions {
  double sigma = 0.25;            ///< deviation of the noise, in the inputs' unit
  std::int64_t selection = 100;   ///< samples that choose the class
  std::int64_t samples = 10'000;  ///< samples that bound its probability
  double error = 0.001;           ///< the probability that a certificate is wrong
  std::int64_t batch = 500;       ///< samples that go through the classifier at once
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = [] {};
};

/// What is known of each of n inputs.
struct Certificates {
  at::Tensor classes;  ///< int64 [n], -1 where nothing can be said
  at::Tensor radii;    ///< fp64 [n], L2; 0 where nothing can be said
};

/// Randomized smoothing (Cohen et al., 2019, "Certified adversarial robustness via randomized
/// smoothing"): g(x) is the class that `classifier` gives most often for x + N(0, sigma^2). With
/// probability 1 - error, g is the same for all points within the radius sigma * quantile(p) of x
/// in L2, where p, above 1/2, is the exact lower bound (Clopper and Pearson) of the probability of
/// the class. `inputs` fp32 [n, ...]; a sample's noise depends on its input's place and the seed
/// alone. Throws InvalidArgument for options out of range.
Certificates certify(const Classifier& classifier, const at::Tensor& inputs,
                     const SmoothingOptions& options = {});

/// g(x) of each input from `selection` samples, int64 [n], -1 where its first class is not more
/// frequent than its second with the confidence 1 - error.
at::Tensor predict_smoothed(const Classifier& classifier, const at::Tensor& inputs,
                            const SmoothingOptions& options = {});

/// The share of inputs that are of their class, `labels` int64 [n], within `radius` for certain.
Share certified_accuracy(const Certificates& certificates, const at::Tensor& labels, double radius);

}  // namespace hadal::msp
