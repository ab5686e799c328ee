#pragma once

#include "hadal/hpts/autocast/autocast.h"
#include "hadal/hpts/saved/hooks.h"

#include <memory>

#include <c10/core/impl/LocalDispatchKeySet.h>

namespace hadal::hpts {

/// The key of a retired backend, free in every build: operations of a scope reach those that are
/// registered for it (operations.cpp) before autograd sees them.
inline constexpr c10::DispatchKey kAutocastKey = c10::DispatchKey::AutocastIPU;

/// What a scope is made with.
struct AutocastConfig {
  AutocastConfig(const torch::nn::Module& model, const PrecisionPlan& plan,
                 const AutocastOptions& what);

  LayerPlan otherwise;
  MemoryMap<LayerPlan> layers;  // by parameter
  AutocastOptions options;
};

/// What a scope knows.
class AutocastState final : public Keeper {
 public:
  explicit AutocastState(std::shared_ptr<const AutocastConfig> config)
      : config_(std::move(config)), layer_(&config_->otherwise) {}

  Registry& registry() override { return registry_; }
  SavedFormat format_of(const at::Tensor& x) const override;

  const std::shared_ptr<const AutocastConfig>& config() const { return config_; }
  bool recomputes_norms() const { return config_->options.recompute_norms; }
  /// The plan of the layer that x is a parameter of, or null.
  const LayerPlan* layer_of(const at::Tensor& x) const { return config_->layers.find(x); }
  const LayerPlan& otherwise() const { return config_->otherwise; }

  /// Makes format_of go by `layer` until it ends.
  class InLayer {
   public:
    InLayer(AutocastState& state, const LayerPlan& layer)
        : state_(state), before_(std::exchange(state.layer_, &layer)) {}
    ~InLayer() { state_.layer_ = before_; }
    InLayer(const InLayer&) = delete;
    InLayer& operator=(const InLayer&) = delete;

   private:
    AutocastState& state_;
    const LayerPlan* before_;
  };

 private:
  std::shared_ptr<const AutocastConfig> config_;
  const LayerPlan* layer_;  // of the operation that runs
  Registry registry_;
};

/// The state in force on this thread, or null.
std::shared_ptr<AutocastState> current_autocast();

/// Puts `state`, or none where null, in force on this thread until it ends.
class ScopedAutocast {
 public:
  explicit ScopedAutocast(std::shared_ptr<AutocastState> state);
  ~ScopedAutocast();
  ScopedAutocast(const ScopedAutocast&) = delete;
  ScopedAutocast& operator=(const ScopedAutocast&) = delete;

 private:
  std::shared_ptr<AutocastState> before_;
  bool key_was_included_, key_was_excluded_;
  ScopedKeeper keeper_;
};

/// Registers the operations for kAutocastKey, once.
void register_operations();

}  // namespace hadal::hpts
