#include "hadal/hpts/autocast/layers.h"
#include "hadal/hpts/saved/dispatch.h"

namespace hadal::hpts {
namespace {

bool can_cast(const at::Tensor& x) {
  const at::ScalarType type = x.scalar_type();
  return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
}

/// Notes what is kept of `x` for `result`, its values in another type or order.
void note(AutocastState& state, const at::Tensor& x, const at::Tensor& result,
          at::MemoryFormat layout) {
  if (!at::GradMode::is_enabled() || x.is_inference() || !has_kernels(x) || !has_kernels(result)) {
    return;
  }
  if (state.layer_of(x) != nullptr) {
    state.registry().insert(result, std::make_shared<KeptCast>(x, layout));
  } else if (x.strides() == result.strides() && state.format_of(x) != SavedFormat::exact) {
    state.registry().share(x, result);
  }
}

}  // namespace

at::ScalarType compute_type(Precision precision, const at::Tensor& x) {
  if (!can_cast(x)) return x.scalar_type();
  if (precision == Precision::fp32) return at::kFloat;
  return precision == Precision::bf16 || x.is_cpu() ? at::kBFloat16 : at::kHalf;
}

at::Tensor cast(AutocastState& state, const at::Tensor& x, Precision precision, bool images) {
  if (!x.defined()) return x;
  const at::ScalarType type = compute_type(precision, x);
  const bool channels_last = images && x.dim() == 4 && can_cast(x);
  const auto layout = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Preserve;
  if (type == x.scalar_type() && (!channels_last || x.is_contiguous(layout))) return x;
  const at::Tensor result = x.to(type, /*non_blocking=*/false, /*copy=*/false, layout);
  note(state, x, result, layout);
  return result;
}

}  // namespace hadal::hpts
