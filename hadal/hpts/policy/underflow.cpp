#include "hadal/hpts/policy/underflow.h"

#include "hadal/core/error.h"
#include "hadal/hpts/policy/bound.h"

#include <cmath>

namespace hadal::hpts {
namespace {

bool is_sensitive(const Layer& layer) {
  return layer.role == LayerRole::first || layer.role == LayerRole::last;
}

class UnderflowPolicy : public PrecisionPolicy {
 public:
  explicit UnderflowPolicy(const UnderflowOptions& options) : options_(options) {}

  std::string_view name() const override { return "underflow"; }

  LayerPlan start(const Layer& layer) const override {
    return {.compute = Precision::bf16,
            .saved = is_sensitive(layer) ? SavedFormat::bf16 : SavedFormat::int8_blocks};
  }

  std::optional<Wish> wish(const Layer& layer, const LayerStatistics& statistics,
                           const LayerPlan& now) const override {
    // A gradient of zeros alone says nothing, and neither does one that is broken, unless fp16 may
    // have broken it.
    if (statistics.non_finite > 0 && now.compute == Precision::fp16) {
      return Wish{{.compute = Precision::bf16, .saved = now.saved},
                  concat(statistics.non_finite, " of ", statistics.values, " not finite in fp16")};
    }
    if (statistics.non_finite > 0 || statistics.nonzero() == 0) return {};
    const double half = lost(statistics, statistics.fp16, options_.flush.fp16);
    const double brain = lost(statistics, statistics.bf16, options_.flush.bf16);
    const bool was_half = now.compute == Precision::fp16;
    const bool was_brain = now.compute != Precision::fp32;
    Wish wish;
    if (statistics.fp16_overflow == 0 && is_few(half, was_half)) {
      wish.plan.compute = Precision::fp16;
    } else {
      wish.plan.compute = is_few(brain, was_brain) ? Precision::bf16 : Precision::fp32;
    }
    wish.plan.saved = saved(layer, statistics, now, wish.plan.compute);
    wish.reason = concat("lost in fp16 ", 100 * half, " %, in bf16 ", 100 * brain, " %; overflow ",
                         statistics.fp16_overflow, "; crest ", statistics.crest(), " binades");
    return wish;
  }

 private:
  static double lost(const LayerStatistics& statistics, const Underflow& underflow, bool flush) {
    const std::int64_t count = underflow.to_zero + (flush ? underflow.to_subnormal : 0);
    return static_cast<double>(count) / static_cast<double>(statistics.nonzero());
  }

  bool is_few(double lost, bool was_few) const {
    return stays_below(lost, options_.lost_share, options_.margin, was_few);
  }

  SavedFormat saved(const Layer& layer, const LayerStatistics& statistics, const LayerPlan& now,
                    Precision compute) const {
    if (compute == Precision::fp32) return SavedFormat::exact;
    if (is_sensitive(layer)) return SavedFormat::bf16;
    const bool is_flat = stays_below(statistics.crest(), options_.crest, options_.margin,
                                     now.saved == SavedFormat::int8_blocks);
    return is_flat ? SavedFormat::int8_blocks : SavedFormat::bf16;
  }

  UnderflowOptions options_;
};

void check(std::string_view option, double value, double low, double high) {
  if (low <= value && value <= high) return;
  throw InvalidArgument(concat("underflow policy: ", option, " is ", value,
                               ", expected a number from ", low, " to ", high));
}

}  // namespace

std::unique_ptr<PrecisionPolicy> underflow_policy(const UnderflowOptions& options) {
  check("lost_share", options.lost_share, 0, 1);
  check("margin", options.margin, 0, 100);
  check("crest", options.crest, 0, 1'000);
  return std::make_unique<UnderflowPolicy>(options);
}

}  // namespace hadal::hpts
