#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/slot.h"

#include <vector>

namespace hadal::hpts {

Optimizer::Slot& Optimizer::slot(std::string_view parameter) const {
  const auto found = place_of_.find(parameter);
  if (found == place_of_.end()) {
    throw InvalidArgument(concat("optimizer: there is no parameter \"", parameter, "\""));
  }
  return *slots_[found->second];
}

std::map<std::string, at::Tensor> Optimizer::state() const {
  std::map<std::string, at::Tensor> result;
  for (const auto& slot : slots_) {
    for (auto& [name, tensor] : slot->state()) {
      result.emplace(slot->parameter().name + "." + name, tensor);
    }
  }
  return result;
}

void Optimizer::load_state(const std::map<std::string, at::Tensor>& state) {
  std::vector<Slot::State> parts(slots_.size());
  for (const auto& [name, tensor] : state) {
    // The longest parameter name that is followed by a dot: no name of a state is itself that of a
    // parameter and a state.
    std::size_t dot = name.size();
    auto owner = place_of_.end();
    while (owner == place_of_.end() && dot > 0 && (dot = name.rfind('.', dot - 1)) != name.npos) {
      owner = place_of_.find(std::string_view(name).substr(0, dot));
    }
    if (owner == place_of_.end()) {
      throw InvalidArgument(concat("optimizer state: \"", name, "\" is unexpected"),
                            "load the state of an optimizer of the same parameters");
    }
    parts[owner->second].emplace(name.substr(dot + 1), tensor);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i]->check(parts[i]);
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i]->load(parts[i]);
}

std::map<std::string, at::Tensor> Optimizer::state_of(std::string_view parameter) const {
  return slot(parameter).state();
}

void Optimizer::load_state_of(std::string_view parameter,
                              const std::map<std::string, at::Tensor>& state) {
  slot(parameter).load(state);
}

}  // namespace hadal::hpts
