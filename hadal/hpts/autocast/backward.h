#pragma once

#include "hadal/core/error.h"

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_strided.h>
#include <torch/csrc/autograd/function.h>

namespace hadal::hpts {

/// A step of the backward pass whose own gradient nobody may ask for.
class OnceDifferentiable : public torch::autograd::Node {
 public:
  OnceDifferentiable(const char* what, torch::autograd::edge_list&& next_edges)
      : Node(std::move(next_edges)), what_(what) {}
  std::string name() const override { return concat("hadal::hpts::", what_, "Backward"); }

 private:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) final {
    if (at::GradMode::is_enabled()) {
      throw Unsupported(
          concat("the gradient of the gradient of a ", what_, " under hpts::Autocast is not known"),
          "compute the forward pass outside of the scope where create_graph is set");
    }
    return run(std::move(grads));
  }
  virtual torch::autograd::variable_list run(torch::autograd::variable_list&& grads) = 0;

  const char* what_;
};

/// How a dense tensor lies in memory.
class Layout {
 public:
  explicit Layout(const at::Tensor& x)
      : sizes_(x.sizes().vec()), strides_(x.strides().vec()), type_(x.scalar_type()) {}
  /// x so, copied where it is not.
  at::Tensor of(const at::Tensor& x) const {
    if (x.strides() == strides_ && x.scalar_type() == type_) return x;
    return empty().copy_(x);
  }
  at::Tensor empty() const { return at::empty_strided(sizes_, strides_, type_); }

 private:
  std::vector<std::int64_t> sizes_, strides_;
  at::ScalarType type_;
};

}  // namespace hadal::hpts
