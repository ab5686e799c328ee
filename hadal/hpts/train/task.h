#pragma once

#include "hadal/core/random.h"

#include <cstdint>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::hpts {

/// How well a model does on what it has not learnt from.
struct Score {
  std::string name;  ///< "accuracy", "perplexity per byte"
  double value = 0;
};

/// What is trained: a model and the examples that it learns from.
class Task {
 public:
  virtual ~Task() = default;
  virtual torch::nn::Module& model() = 0;
  virtual std::int64_t example_count() const = 0;
  /// The model and the data, for people.
  virtual const std::string& description() const = 0;
  /// The mean loss, a scalar with gradient, of the examples `indices`, int64 [batch] on the CPU, in
  /// the model's present mode. What is random about an example is drawn from `random`.
  virtual at::Tensor loss(const at::Tensor& indices, Random& random) = 0;
  /// Of the test examples, in evaluation mode, without gradient; the mode is the same afterwards.
  virtual Score score() = 0;
  /// What loss() changes besides the model, which a checkpoint has to keep.
  virtual std::map<std::string, at::Tensor> state() const { return {}; }
  /// Takes what state() gave. Throws InvalidArgument, naming what does not fit.
  virtual void load_state(const std::map<std::string, at::Tensor>& state);
};

}  // namespace hadal::hpts
