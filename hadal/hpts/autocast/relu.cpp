#include "hadal/hpts/autocast/backward.h"
#include "hadal/hpts/autocast/layers.h"
#include "hadal/hpts/autocast/norm_backward.h"
#include "hadal/hpts/saved/dispatch.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/relu.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>

namespace hadal::hpts {
namespace {

/// Calls run(begin, count) for pieces of whole words, in parallel.
template <class Run>
void in_pieces(std::int64_t size, const Run& run) {
  const std::int64_t piece = piece_size(kReluWord);
  at::parallel_for(0, (size + piece - 1) / piece, 1, [&](auto first, auto last) {
    for (auto i = first; i < last; ++i) run(i * piece, std::min(piece, size - i * piece));
  });
}

/// y = max(x, 0), which may be x. Returns where values passed, a bit each.
at::Tensor run_relu(const at::Tensor& x, const at::Tensor& y) {
  at::Tensor positive = at::empty({(x.numel() + kReluWord - 1) / kReluWord}, at::kLong);
  const Kernels& kernels = kernels_for(x.scalar_type());
  const auto item = static_cast<std::int64_t>(x.element_size());
  const auto* from = static_cast<const char*>(x.const_data_ptr());
  auto* to = static_cast<char*>(y.mutable_data_ptr());
  auto* bits = reinterpret_cast<std::uint64_t*>(positive.mutable_data_ptr<std::int64_t>());
  in_pieces(x.numel(), [&](auto begin, auto count) {
    kernels.relu(from + begin * item, count, to + begin * item, bits + begin / kReluWord);
  });
  return positive;
}

class ReluBackward final : public OnceDifferentiable {
 public:
  ReluBackward(const at::Tensor& x, at::Tensor positive)
      : OnceDifferentiable("ReLU", torch::autograd::collect_next_edges(x)),
        layout_(x),
        positive_(std::move(positive)) {}

  void release_variables() override { positive_.reset(); }

 private:
  torch::autograd::variable_list run(torch::autograd::variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    const at::Tensor grad = layout_.of(grads[0]);
    at::Tensor result = at::empty_like(grad);
    const Kernels& kernels = kernels_for(grad.scalar_type());
    const auto item = static_cast<std::int64_t>(grad.element_size());
    const auto* from = static_cast<const char*>(grad.const_data_ptr());
    auto* to = static_cast<char*>(result.mutable_data_ptr());
    const auto* bits =
        reinterpret_cast<const std::uint64_t*>(positive_.const_data_ptr<std::int64_t>());
    in_pieces(grad.numel(), [&](auto begin, auto count) {
      kernels.relu_grad(from + begin * item, bits + begin / kReluWord, count, to + begin * item);
    });
    return {result};
  }

  Layout layout_;
  at::Tensor positive_;  // int64, a bit a value
};

/// What backward can compute the ReLU of x from, or nothing.
std::shared_ptr<const Kept> norm_with_relu(const at::Tensor& x) {
  const auto kept = current_autocast()->registry().find(x, SavedFormat::int8_blocks);
  const auto norm = std::dynamic_pointer_cast<const KeptNorm>(kept);
  return norm == nullptr ? nullptr : norm->with_relu();
}

/// The batch norm that x is the output of, where nobody else has seen that: then its backward can
/// do that of a ReLU written to x. Null otherwise.
BatchNormBackward* norm_alone(const at::Tensor& x) {
  auto* norm = dynamic_cast<BatchNormBackward*>(x.grad_fn().get());
  const bool alone = norm != nullptr && x.grad_fn().use_count() == 1 && norm->pre_hooks().empty() &&
                     norm->post_hooks().empty() && norm->tensor_pre_hooks().empty() &&
                     norm->retains_grad_hooks().empty();
  return alone && !norm->has_relu() ? norm : nullptr;
}

bool applies(const at::Tensor& x) {
  return at::GradMode::is_enabled() && x.requires_grad() && has_kernels(x);
}

}  // namespace

at::Tensor relu(const at::Tensor& x) {
  const c10::impl::ExcludeDispatchKeyGuard not_again(kAutocastKey);
  if (!applies(x)) return at::relu(x);
  const auto kept = norm_with_relu(x);
  at::Tensor y = at::empty_like(x.detach());
  auto node = c10::make_intrusive<ReluBackward>(x, run_relu(x, y));
  torch::autograd::set_history(y, node);
  if (kept != nullptr) current_autocast()->registry().insert(y, kept);
  return y;
}

at::Tensor& relu_(at::Tensor& x) {
  const c10::impl::ExcludeDispatchKeyGuard not_again(kAutocastKey);
  if (!applies(x) || x.is_leaf() || x.is_view()) return at::relu_(x);
  const auto kept = norm_with_relu(x);
  BatchNormBackward* norm = norm_alone(x);
  at::Tensor positive = run_relu(x, x);
  torch::autograd::impl::bump_version(x);
  if (norm != nullptr) {
    norm->add_relu(std::move(positive));
  } else {
    torch::autograd::rebase_history(x, c10::make_intrusive<ReluBackward>(x, std::move(positive)));
  }
  if (kept != nullptr) current_autocast()->registry().insert(x, kept);
  return x;
}

}  // namespace hadal::hpts
