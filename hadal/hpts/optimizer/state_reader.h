#pragma once

#include "hadal/core/error.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Takes tensors out of the state of one parameter, and knows which were left.
class StateReader {
 public:
  using State = std::map<std::string, at::Tensor>;

  StateReader(const State& state, const std::string& parameter)
      : state_(state), parameter_(parameter) {}

  bool contains(const std::string& name) const { return state_.contains(name); }

  /// Throws InvalidArgument where there is no `name`, or it is of another type or shape.
  at::Tensor take(const std::string& name, const std::vector<at::ScalarType>& types,
                  at::IntArrayRef sizes) {
    const auto found = state_.find(name);
    if (found == state_.end()) {
      throw InvalidArgument(concat("optimizer state: there is no ", quoted(name)));
    }
    const at::Tensor& tensor = found->second;
    if (!tensor.defined() || !tensor.is_cpu() || tensor.layout() != at::kStrided ||
        tensor.sizes() != sizes ||
        std::find(types.begin(), types.end(), tensor.scalar_type()) == types.end()) {
      throw InvalidArgument(concat("optimizer state: expected ", quoted(name), " to be ",
                                   joined(types), " ", sizes, " on the CPU, got ",
                                   describe(tensor)));
    }
    taken_.insert(name);
    return tensor;
  }

  /// Throws InvalidArgument where something was not taken.
  void finish() const {
    for (const auto& [name, tensor] : state_) {
      if (!taken_.contains(name)) {
        throw InvalidArgument(
            concat("optimizer state: ", quoted(name), " is unexpected"),
            "make the optimizer with the rule and master weights it was saved of");
      }
    }
  }

 private:
  std::string quoted(const std::string& name) const {
    return concat("\"", parameter_, ".", name, "\"");
  }
  static std::string joined(const std::vector<at::ScalarType>& types) {
    std::string text;
    for (const auto type : types) text += (text.empty() ? "" : " or ") + concat(type);
    return text;
  }
  static std::string describe(const at::Tensor& tensor) {
    if (!tensor.defined()) return "an undefined tensor";
    return concat(tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device());
  }

  const State& state_;
  const std::string& parameter_;
  std::set<std::string> taken_;
};

}  // namespace hadal::hpts
