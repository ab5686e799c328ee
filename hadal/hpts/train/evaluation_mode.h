#pragma once

#include <torch/nn/module.h>

namespace hadal::hpts {

/// Puts a module in evaluation mode, and back in training mode, where it was in that, when it goes
/// out of scope. For modules whose parts are all in one mode.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module& module)
      : module_(module), trained_(module.is_training()) {
    module_.eval();
  }
  ~EvaluationMode() { module_.train(trained_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  torch::nn::Module& module_;
  bool trained_;
};

}  // namespace hadal::hpts
