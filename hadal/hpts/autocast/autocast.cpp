#include "hadal/hpts/autocast/autocast.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/hpts/autocast/state.h"

#include <atomic>
#include <utility>

namespace hadal::hpts {
namespace {

thread_local std::shared_ptr<AutocastState> current;

void say_once_that_fp16_is_bf16(const PrecisionPlan& plan) {
  bool any = plan.otherwise.compute == Precision::fp16;
  for (const auto& [name, layer] : plan.layers) any |= layer.compute == Precision::fp16;
  static std::atomic<bool> said{false};
  if (any && !said.exchange(true)) {
    log(LogLevel::warning,
        "the plan has layers in fp16, which compute in bf16 on a CPU: it has no fast fp16");
  }
}

}  // namespace

AutocastConfig::AutocastConfig(const torch::nn::Module& model, const PrecisionPlan& plan,
                               const AutocastOptions& what)
    : otherwise(plan.otherwise), options(what) {
  std::size_t named = 0;
  for (const auto& module : model.named_modules("", /*include_self=*/true)) {
    const auto parameters = module.value()->parameters(/*recurse=*/false);
    if (parameters.empty()) continue;
    named += plan.layers.contains(module.key());
    for (const auto& parameter : parameters) layers.insert(parameter, plan.of(module.key()));
  }
  if (named == plan.layers.size()) return;
  for (const auto& [name, layer] : plan.layers) {
    const auto* module = model.named_modules().find(name);
    if (module == nullptr || (*module)->parameters(false).empty()) {
      throw InvalidArgument(concat("precision plan: the model has no layer \"", name, "\""),
                            "layers are modules with parameters of their own, by the names that "
                            "named_modules() gives");
    }
  }
}

SavedFormat AutocastState::format_of(const at::Tensor& x) const {
  return layer_of(x) == nullptr ? layer_->saved : SavedFormat::exact;
}

std::shared_ptr<AutocastState> current_autocast() { return current; }

ScopedAutocast::ScopedAutocast(std::shared_ptr<AutocastState> state)
    : before_(std::exchange(current, std::move(state))),
      key_was_included_(c10::impl::tls_is_dispatch_key_included(kAutocastKey)),
      key_was_excluded_(c10::impl::tls_is_dispatch_key_excluded(kAutocastKey)),
      keeper_(current.get()) {
  // Keys of autocast are excluded unless a scope includes them.
  c10::impl::tls_set_dispatch_key_included(kAutocastKey, current != nullptr);
  c10::impl::tls_set_dispatch_key_excluded(kAutocastKey, current == nullptr);
}

ScopedAutocast::~ScopedAutocast() {
  c10::impl::tls_set_dispatch_key_excluded(kAutocastKey, key_was_excluded_);
  c10::impl::tls_set_dispatch_key_included(kAutocastKey, key_was_included_);
  current = std::move(before_);
}

struct Autocast::Scope : ScopedAutocast {
  using ScopedAutocast::ScopedAutocast;
};

Autocast::Autocast(const torch::nn::Module& model, const PrecisionPlan& plan,
                   const AutocastOptions& options) {
  register_operations();
  say_once_that_fp16_is_bf16(plan);
  scope_ = std::make_unique<Scope>(std::make_shared<AutocastState>(
      std::make_shared<const AutocastConfig>(model, plan, options)));
}

Autocast::~Autocast() = default;

}  // namespace hadal::hpts
