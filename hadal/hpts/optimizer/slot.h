#pragma once

#include "hadal/hpts/optimizer/kernels/step.h"
#include "hadal/hpts/optimizer/optimizer.h"

#include <array>

namespace hadal::hpts {

/// A parameter and what its optimizer keeps of it. Tensors have the parameter's shape and strides.
class Optimizer::Slot {
 public:
  using State = std::map<std::string, at::Tensor>;

  /// Throws InvalidArgument where the parameter is of no kind that can be moved.
  Slot(NamedParameter parameter, std::size_t group, const Rule& rule,
       const OptimizerOptions& options);

  const NamedParameter& parameter() const { return parameter_; }
  std::size_t group() const { return group_; }

  /// Throws InvalidArgument where there is a gradient that cannot be used.
  void check_gradient() const;
  /// Counts a step, and returns what its kernel needs; `gradient` gets what must live as long.
  kernels::Step begin_step(const Rule& rule, const ParameterGroup& group, at::Tensor& gradient);

  State state() const;
  /// Throws InvalidArgument where `state` cannot be loaded.
  void check(const State& state) const { read(state); }
  /// As check() does, with nothing changed, or loads it.
  void load(const State& state);
  std::int64_t bytes() const;

 private:
  struct Mean {
    std::string name;   // empty: there is none
    at::Tensor values;  // fp32, bf16, or 8-bit codes
    at::Tensor scales;  // of codes
  };
  struct Means {
    StateFormat format;
    Mean first, second;
  };

  /// What a state holds; its tensors are as they were given.
  struct Loaded {
    std::int64_t steps;
    Means means;
    std::vector<std::int64_t> strides;  // of the order in which codes share scales
    at::Tensor rest;
  };

  Means make_means(StateFormat format, at::IntArrayRef strides) const;
  kernels::State kernel_state(const Means& means, const kernels::Key& key) const;
  Loaded read(const State& state) const;
  void convert(const Loaded& loaded);
  std::array<kernels::Key, 2> keys() const;  // of the state and of the weights, at this step

  NamedParameter parameter_;
  std::size_t group_;
  std::uint64_t seed_;
  std::int64_t steps_ = 0;
  Means means_;
  at::Tensor rest_;  // of the master weights
};

}  // namespace hadal::hpts
