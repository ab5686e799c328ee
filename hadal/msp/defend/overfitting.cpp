#include "hadal/msp/defend/overfitting.h"

#include "hadal/core/error.h"

#include <ATen/ops/tensor.h>

namespace hadal::msp {
namespace {

// Of the accuracy after one step, that after several: below the first it has begun, above the
// second it is over.
constexpr double kBegins = 0.5;
constexpr double kEnds = 0.75;

}  // namespace

void OverfittingWatch::observe(double after_one, double after_many) {
  const bool begins = !overfitted_ && after_many < kBegins * after_one;
  if (begins) ++times_;
  overfitted_ = begins || (overfitted_ && after_many < kEnds * after_one);
}

at::Tensor OverfittingWatch::state() const {
  return at::tensor({overfitted_ ? std::int64_t{1} : std::int64_t{0}, times_});
}

void OverfittingWatch::load(const at::Tensor& state) {
  if (state.scalar_type() != at::kLong || state.numel() != 2) {
    throw InvalidArgument("overfitting watch: expected a state of int64 [2]");
  }
  overfitted_ = state[0].item<std::int64_t>() != 0;
  times_ = state[1].item<std::int64_t>();
}

}  // namespace hadal::msp
