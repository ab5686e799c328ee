#include "hadal/hpts/saved/hooks.h"

#include "hadal/hpts/saved/dispatch.h"

#include <ATen/ops/as_strided.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

namespace hadal::hpts {
namespace {

thread_local Keeper* current = nullptr;

class Hooks final : public torch::autograd::SavedVariableHooks {
 public:
  void call_pack_hook(const at::Tensor& tensor) override { saved_ = SavedTensor(*current, tensor); }
  at::Tensor call_unpack_hook() override { return saved_.restore(); }

 private:
  SavedTensor saved_;
};

/// LibTorch's own engine, but for the hooks: C++ has no other way to set default ones.
class HookedEngine final : public torch::autograd::Engine {
 public:
  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    return current == nullptr ? nullptr : std::make_unique<Hooks>();
  }
};

void hook_engine() {
  // Never destroyed, as threads may run backward passes until the program ends.
  static auto& engine = *new HookedEngine;
  [[maybe_unused]] static const bool done = [] {
    torch::autograd::set_default_engine_stub([]() -> torch::autograd::Engine& { return engine; });
    return true;
  }();
}

}  // namespace

ScopedKeeper::ScopedKeeper(Keeper* keeper) : before_(std::exchange(current, keeper)) {
  if (keeper != nullptr) hook_engine();
}

ScopedKeeper::~ScopedKeeper() { current = before_; }

// Detached, as an operation's output would own the operation that owns it.
SavedTensor::SavedTensor(const at::Tensor& x) : itself_(x.detach()), version_(x._version()) {}

SavedTensor::SavedTensor(Keeper& keeper, const at::Tensor& x) {
  constexpr std::size_t kLeastBytes = 4096;
  const bool is_large = x.layout() == at::kStrided && x.nbytes() >= kLeastBytes;
  const bool is_integer =
      is_large && x.is_cpu() && x.scalar_type() == at::kLong && x.is_non_overlapping_and_dense();
  if (is_integer || (is_large && has_kernels(x))) {
    const SavedFormat format = keeper.format_of(x);
    kept_ = keeper.registry().find(x, format);
    if (kept_ == nullptr && format != SavedFormat::exact) {
      if (is_integer) {
        kept_ = std::make_shared<KeptIntegers>(x);
      } else {
        kept_ = keep_values(x, format);
      }
      keeper.registry().insert(x, kept_);
    }
  }
  if (kept_ == nullptr) {
    *this = SavedTensor(x);
    return;
  }
  sizes_ = x.sizes().vec();
  strides_ = x.strides().vec();
  type_ = x.scalar_type();
}

at::Tensor SavedTensor::restore() const {
  if (itself_.defined()) {
    require_unwritten(itself_, version_);
    return itself_;
  }
  return kept_->restore(type_).as_strided(sizes_, strides_);
}

}  // namespace hadal::hpts
