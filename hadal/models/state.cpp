#include "hadal/models/state.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"

#include <string_view>
#include <vector>

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

namespace hadal::models {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

bool is_batch_counter(std::string_view name) { return name.ends_with("num_batches_tracked"); }

/// "3 missing (a, b, c)", with at most five named.
std::string summary(const std::vector<std::string>& items, std::string_view kind) {
  constexpr std::size_t kNamed = 5;
  std::string text = concat(items.size(), " ", kind, " (");
  for (std::size_t i = 0; i < items.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : ", ") + items[i];
  }
  if (items.size() > kNamed) text += concat(" and ", items.size() - kNamed, " more");
  return text + ")";
}

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  return concat(tensor.scalar_type(), " ", tensor.sizes());
}

bool fits(const at::Tensor& target, const at::Tensor& source) {
  return source.defined() && source.sizes() == target.sizes() &&
         source.is_floating_point() == target.is_floating_point();
}

void check(const Tensors& targets, const Tensors& sources) {
  std::vector<std::string> missing, unexpected, mismatched;
  for (const auto& [name, target] : targets) {
    const auto source = sources.find(name);
    if (source == sources.end()) {
      missing.push_back(name);
    } else if (!fits(target, source->second)) {
      mismatched.push_back(
          concat(name, ": expected ", describe(target), ", found ", describe(source->second)));
    }
  }
  for (const auto& [name, source] : sources) {
    if (!targets.contains(name) && !is_batch_counter(name)) unexpected.push_back(name);
  }
  std::string text;
  const auto add = [&text](const std::vector<std::string>& items, std::string_view kind) {
    if (!items.empty()) text += (text.empty() ? "" : "; ") + summary(items, kind);
  };
  add(missing, "missing");
  add(unexpected, "unexpected");
  add(mismatched, "mismatched");
  if (text.empty()) return;
  throw InvalidArgument("the tensors do not fit the model: " + text,
                        "check that the file and the model's options belong together");
}

}  // namespace

std::map<std::string, at::Tensor> state(const torch::nn::Module& module) {
  Tensors tensors;
  for (const auto& item : module.named_parameters()) {
    tensors.emplace(item.key(), item.value().detach());
  }
  for (const auto& item : module.named_buffers()) {
    if (!is_batch_counter(item.key())) tensors.emplace(item.key(), item.value().detach());
  }
  return tensors;
}

void load_state(torch::nn::Module& module, const std::map<std::string, at::Tensor>& tensors) {
  const Tensors targets = state(module);
  check(targets, tensors);
  const c10::NoGradGuard no_grad;
  for (const auto& [name, target] : targets) target.copy_(tensors.at(name));
}

void load_state(torch::nn::Module& module, const SafetensorsReader& checkpoint) {
  Tensors tensors;
  for (const auto& name : checkpoint.names()) tensors.emplace(name, checkpoint.tensor(name));
  load_state(module, tensors);
}

}  // namespace hadal::models
