#include "hadal/hpts/distributed/data_parallel.h"

#include "hadal/core/file.h"
#include "hadal/hpts/distributed/broadcast.h"
#include "hadal/hpts/distributed/reducer.h"
#include "hadal/hpts/optimizer/parameter.h"

#include <algorithm>

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

struct Named {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
};

Named trained_parameters(const torch::nn::Module& model) {
  Named found;
  for (const auto& [name, tensor] : named_parameters(model)) {
    found.names.push_back(name);
    found.tensors.push_back(tensor);
  }
  return found;
}

/// A line for each parameter and buffer.
std::vector<std::string> described(const torch::nn::Module& model) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& name, const at::Tensor& tensor, std::string_view kind) {
    lines.push_back(concat(name, ": ", kind, " ", tensor.scalar_type(), " ", tensor.sizes()));
  };
  for (const auto& item : model.named_parameters()) {
    add(item.key(), item.value(), item.value().requires_grad() ? "trained" : "frozen");
  }
  for (const auto& item : model.named_buffers()) add(item.key(), item.value(), "buffer");
  return lines;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Throws InvalidArgument, the same on all ranks, where a rank's model differs from rank 0's.
void check_alike(const torch::nn::Module& model, ProcessGroup& group) {
  std::string own;
  for (const std::string& line : described(model)) own += concat(line, '\n');
  const auto hashes = group.exchange(sha256(own), "comparison of the ranks' models");
  if (std::ranges::count(hashes, hashes[0]) == static_cast<std::ptrdiff_t>(hashes.size())) return;
  const auto texts = group.exchange(own, "comparison of the ranks' models");
  const std::vector<std::string> first = split(texts[0]);
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    const std::vector<std::string> other = split(texts[rank]);
    const auto [here, there] = std::ranges::mismatch(first, other);
    if (here == first.end() && there == other.end()) continue;
    throw InvalidArgument(
        concat("the model of rank ", rank, " differs from that of rank 0: it has ",
               there == other.end() ? "no more tensors" : *there, " where rank 0 has ",
               here == first.end() ? "no more tensors" : *here),
        "all ranks have to build the same model");
  }
}

void check(const DataParallelOptions& options, const Named& parameters) {
  if (options.first_bucket_bytes < 1 || options.bucket_bytes < 1) {
    throw InvalidArgument(concat("data parallel: expected buckets of 1 byte or more, got ",
                                 options.first_bucket_bytes, " and ", options.bucket_bytes));
  }
  if (parameters.tensors.empty()) {
    throw InvalidArgument("data parallel: the model has no parameter that requires a gradient");
  }
}

}  // namespace

/// The thread is destroyed after the reducer, which may still wait for its futures.
struct DistributedDataParallel::Engine {
  Engine(const Named& parameters, ProcessGroup& group, GradientHook& hook,
         const DataParallelOptions& options)
      : thread(hook, group.sibling()),
        reducer(parameters.names, parameters.tensors, group, thread, options) {}
  HookThread thread;
  GradientReducer reducer;
};

DistributedDataParallel::DistributedDataParallel(torch::nn::Module& model,
                                                 std::shared_ptr<ProcessGroup> group,
                                                 std::unique_ptr<GradientHook> hook,
                                                 const DataParallelOptions& options)
    : model_(model), group_(std::move(group)), hook_(std::move(hook)), options_(options) {
  const Named parameters = trained_parameters(model);
  check(options, parameters);
  hook_->prepare(parameters.names, parameters.tensors);
  if (group_->size() == 1) return;
  check_alike(model, *group_);
  broadcast_all(*group_, model.parameters(), 0, "first broadcast of the parameters");
  broadcast_all(*group_, model.buffers(), 0, "first broadcast of the buffers");
  engine_ = std::make_unique<Engine>(parameters, *group_, *hook_, options);
}

DistributedDataParallel::~DistributedDataParallel() = default;

at::Tensor DistributedDataParallel::forward(const std::function<at::Tensor()>& run) {
  const bool communicates = engine_ && !paused_ && c10::GradMode::is_enabled();
  if (!communicates) return run();
  engine_->reducer.before_forward();
  if (options_.broadcast_buffers && model_.is_training()) {
    broadcast_all(*group_, model_.buffers(), 0, concat("buffers of step ", step_));
  }
  at::Tensor output = run();
  engine_->reducer.before_backward(output, step_++);
  return output;
}

}  // namespace hadal::hpts
