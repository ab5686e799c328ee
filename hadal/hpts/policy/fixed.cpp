#include "hadal/hpts/policy/fixed.h"

#include <utility>

namespace hadal::hpts {
namespace {

class FixedPolicy : public PrecisionPolicy {
 public:
  explicit FixedPolicy(PrecisionPlan plan) : plan_(std::move(plan)) {}

  std::string_view name() const override { return "fixed"; }
  LayerPlan start(const Layer& layer) const override { return plan_.of(layer.name); }
  std::optional<Wish> wish(const Layer&, const LayerStatistics&, const LayerPlan&) const override {
    return {};
  }

 private:
  PrecisionPlan plan_;
};

}  // namespace

std::unique_ptr<PrecisionPolicy> fixed_policy(PrecisionPlan plan) {
  return std::make_unique<FixedPolicy>(std::move(plan));
}

}  // namespace hadal::hpts
