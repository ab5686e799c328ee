#pragma once

#include "hadal/hpts/optimizer/parameter.h"
#include "hadal/hpts/optimizer/rule.h"
#include "hadal/hpts/optimizer/state_format.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

struct OptimizerOptions {
  StateFormat state = StateFormat::fp32;
  /// Of bf16 parameters: keep, in 2 bytes an element, what the parameter lacks of an fp32 weight.
  /// Without it, a step is rounded up or down at random to bf16, such that its mean is right.
  bool master_weights = true;
  std::uint64_t seed = 0;  ///< of the rounding at random
};

/// Moves parameters along their gradients. All of a step, reading and writing the state's format
/// and the fp32 weights, is one pass over memory.
///
/// Parameters are fp32 or bf16 tensors on the CPU, dense in any order of dimensions (contiguous,
/// channels last); gradients are fp32 or bf16. The result does not depend on the number of threads,
/// and rounding at random depends only on the seed, a parameter's name and its count of steps, so
/// that an optimizer of some of the parameters moves them as one of all of them does.
class Optimizer {
 public:
  /// Makes all state, zeros. Throws InvalidArgument, naming the parameter or option, where a name
  /// or tensor occurs twice, a tensor is not as said above, or an option is out of range.
  Optimizer(const std::vector<ParameterGroup>& groups, const Rule& rule,
            const OptimizerOptions& options = {});
  ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Moves each parameter that has a gradient. Throws InvalidArgument where a gradient is of
  /// another type or shape, before anything is moved; and where a StepInBackward has taken over.
  void step();
  /// Drops the gradients.
  void zero_grad();

  /// The parameters, in the order of the groups.
  const std::vector<NamedParameter>& named_parameters() const { return parameters_; }
  std::vector<at::Tensor> parameters() const;

  /// Of all groups, or of one. Throws InvalidArgument for a negative or infinite rate, or no such
  /// group.
  void set_learning_rate(double rate);
  void set_learning_rate(std::size_t group, double rate);

  /// The state of all parameters, sharing memory with it: what state_of() gives, each name behind
  /// "<parameter>.". With the weights, the groups and the options it makes the next steps what they
  /// would have been, bit for bit.
  std::map<std::string, at::Tensor> state() const;
  /// The inverse of state(). The state may be of another format, which is converted, or of tensors
  /// in another order of dimensions. Throws InvalidArgument, with the optimizer left as it was,
  /// where names are missing or unexpected, or a shape or type is wrong; the message names them.
  void load_state(const std::map<std::string, at::Tensor>& state);
  /// The same of one parameter. Of its shape unless said otherwise:
  /// step               int64 [], the steps that it has made
  /// momentum           the running mean of Sgd with momentum: fp32, bf16, or int8 codes
  /// exp_avg            the same of Adam and AdamW
  /// exp_avg_sq         the second moment of Adam and AdamW: fp32, bf16, or uint8 codes
  /// <mean>.scale       fp32 [elements / 256 rounded up], where the mean is codes
  /// master_rest        int16, where there are master weights: in units of the last place of fp32,
  ///                    what the bf16 parameter lacks
  /// Throw InvalidArgument for a name of no parameter; load_state_of() as load_state().
  std::map<std::string, at::Tensor> state_of(std::string_view parameter) const;
  void load_state_of(std::string_view parameter, const std::map<std::string, at::Tensor>& state);
  /// What the state takes.
  std::int64_t state_bytes() const;

 private:
  friend class StepInBackward;
  class Slot;  // a parameter and its state

  void move(const std::vector<std::size_t>& parameters);
  Slot& slot(std::string_view parameter) const;

  Rule rule_;
  OptimizerOptions options_;
  std::vector<NamedParameter> parameters_;
  std::vector<std::unique_ptr<Slot>> slots_;  // of each parameter
  std::map<std::string, std::size_t, std::less<>> place_of_;
  std::vector<ParameterGroup> groups_;  // without their parameters
  bool in_backward_ = false;
};

}  // namespace hadal::hpts
