#include "hadal/hpts/policy/published.h"

#include "hadal/core/error.h"
#include "hadal/hpts/policy/bound.h"

#include <cmath>

namespace hadal::hpts {
namespace {

class PublishedPolicy : public PrecisionPolicy {
 public:
  explicit PublishedPolicy(const PublishedOptions& options)
      : bound_(options.threshold * options.device_factor), margin_(options.margin) {}

  std::string_view name() const override { return "published"; }
  LayerPlan start(const Layer&) const override { return {}; }

  std::optional<Wish> wish(const Layer&, const LayerStatistics& statistics,
                           const LayerPlan& now) const override {
    if (statistics.values == 0 || statistics.non_finite > 0) return {};
    const double norm = statistics.norm;
    const bool was_half = now.compute == Precision::fp16;
    const bool was_brain = was_half || now.compute == Precision::bf16;
    if (stays_below(norm, bound_ / 2, margin_, was_half)) {
      return Wish{{.compute = Precision::fp16},
                  concat("gradient norm ", norm, " below ", bound_ / 2)};
    }
    if (stays_below(norm, bound_, margin_, was_brain)) {
      return Wish{{.compute = Precision::bf16}, concat("gradient norm ", norm, " below ", bound_)};
    }
    return Wish{{.compute = Precision::fp32}, concat("gradient norm ", norm, " above ", bound_)};
  }

 private:
  double bound_;
  double margin_;
};

void check(std::string_view option, double value, bool may_be_zero) {
  if (std::isfinite(value) && (value > 0 || (may_be_zero && value == 0))) return;
  throw InvalidArgument(concat("published policy: ", option, " is ", value, ", expected a ",
                               may_be_zero ? "finite number from 0 on" : "positive finite number"));
}

}  // namespace

std::unique_ptr<PrecisionPolicy> published_policy(const PublishedOptions& options) {
  check("threshold", options.threshold, false);
  check("device_factor", options.device_factor, false);
  check("margin", options.margin, true);
  return std::make_unique<PublishedPolicy>(options);
}

}  // namespace hadal::hpts
