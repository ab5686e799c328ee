#include "hadal/msp/defend/smoothing.h"

#include "hadal/core/binomial.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

void validate(const SmoothingOptions& x, const at::Tensor& inputs) {
  if (!(x.sigma > 0) || !std::isfinite(x.sigma)) {
    throw InvalidArgument(concat("smoothing: expected a positive sigma, got ", x.sigma));
  }
  if (x.selection < 1 || x.samples < 1 || x.batch < 1) {
    throw InvalidArgument("smoothing: expected 1 or more samples, for each use, and a batch");
  }
  if (!(x.error > 0 && x.error < 1)) {
    throw InvalidArgument(concat("smoothing: expected an error in (0, 1), got ", x.error));
  }
  if (!inputs.defined() || inputs.scalar_type() != at::kFloat || inputs.dim() < 2 ||
      inputs.numel() == 0) {
    throw InvalidArgument("smoothing: expected inputs fp32 [n, ...]");
  }
}

/// What the classifier makes of `input` [1, ...] under noise.
class Sampler {
 public:
  Sampler(const Classifier& classifier, const at::Tensor& input, std::int64_t place,
          const SmoothingOptions& options)
      : classifier_(classifier), input_(input), place_(place), options_(options) {}

  /// int64 [classes]: how often each class came. `purpose` separates the samples of two uses.
  at::Tensor counts(std::string_view purpose, std::int64_t samples) const {
    Random random(options_.seed, purpose, static_cast<std::uint64_t>(place_));
    at::Tensor counts;
    for (std::int64_t done = 0; done < samples; done += options_.batch) {
      options_.check_interrupt();
      const at::Tensor logits =
          classifier_(input_ + noise(random, std::min(options_.batch, samples - done)));
      if (!logits.defined() || logits.dim() != 2 || !logits.isfinite().all().item<bool>()) {
        throw InvalidArgument("smoothing: expected finite logits [n, classes]",
                              "check the model's weights, and what it does with noise");
      }
      const at::Tensor some = at::bincount(logits.argmax(1).cpu(), {}, logits.size(1));
      counts = counts.defined() ? counts + some : some;
    }
    return counts;
  }

 private:
  at::Tensor noise(Random& random, std::int64_t count) const {
    std::vector<std::int64_t> shape = input_.sizes().vec();
    shape[0] = count;
    const at::Tensor values = at::empty(shape, at::kFloat);
    auto* value = values.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      value[i] = static_cast<float>(options_.sigma * random.normal());
    }
    return values.to(input_.device());
  }

  const Classifier& classifier_;
  at::Tensor input_;
  std::int64_t place_;
  const SmoothingOptions& options_;
};

}  // namespace

Certificates certify(const Classifier& classifier, const at::Tensor& inputs,
                     const SmoothingOptions& options) {
  validate(options, inputs);
  const at::NoGradGuard no_grad;
  const std::int64_t count = inputs.size(0);
  Certificates result{.classes = at::full({count}, -1, at::kLong),
                      .radii = at::zeros({count}, at::kDouble)};
  for (std::int64_t i = 0; i < count; ++i) {
    const Sampler sampler(classifier, inputs.narrow(0, i, 1), i, options);
    // Other samples bound the probability than chose the class, or the bound would be biased.
    const auto best =
        sampler.counts("smoothing selection", options.selection).argmax().item<std::int64_t>();
    const auto hits = sampler.counts("smoothing bound", options.samples)[best].item<std::int64_t>();
    const double bound = proportion_lower_bound(hits, options.samples, options.error);
    if (bound <= 0.5) continue;
    result.classes[i] = best;
    result.radii[i] = options.sigma * normal_quantile(bound);
  }
  return result;
}

at::Tensor predict_smoothed(const Classifier& classifier, const at::Tensor& inputs,
                            const SmoothingOptions& options) {
  validate(options, inputs);
  const at::NoGradGuard no_grad;
  at::Tensor classes = at::full({inputs.size(0)}, -1, at::kLong);
  for (std::int64_t i = 0; i < inputs.size(0); ++i) {
    const Sampler sampler(classifier, inputs.narrow(0, i, 1), i, options);
    const auto [counts, order] =
        sampler.counts("smoothing selection", options.selection).sort(0, true);
    const auto first = counts[0].item<std::int64_t>();
    const auto second = counts.numel() > 1 ? counts[1].item<std::int64_t>() : 0;
    if (fair_coin_p_value(first, first + second) <= options.error) classes[i] = order[0];
  }
  return classes;
}

Share certified_accuracy(const Certificates& certificates, const at::Tensor& labels,
                         double radius) {
  const at::Tensor certain =
      certificates.classes.eq(labels).logical_and(certificates.radii.ge(radius));
  return share_of(certain.sum().item<std::int64_t>(), labels.numel());
}

}  // namespace hadal::msp
