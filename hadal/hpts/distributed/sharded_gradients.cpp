#include "hadal/hpts/distributed/broadcast.h"
#include "hadal/hpts/distributed/sharded.h"

#include <map>

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace hadal::hpts {
namespace {

using Accumulator = decltype(torch::autograd::impl::grad_accumulator(at::Tensor()));

/// Gradients that go to one rank together.
struct Bucket {
  int owner = 0;
  std::vector<std::size_t> members = {};
  std::size_t bytes = 0;
  std::size_t missing = 0;  ///< members whose gradient backward has still to compute
  at::Tensor sent = {};
  PendingCollective pending{nullptr};
};

/// Buckets in the order in which backward is likely to fill them.
std::vector<Bucket> make_buckets(const std::vector<at::Tensor>& parameters, int ranks,
                                 std::size_t most_bytes) {
  const std::vector<int> owners = assign_owners(parameters, ranks);
  std::vector<Bucket> buckets;
  std::map<int, std::size_t> open;  // of each owner
  for (std::size_t i = parameters.size(); i-- > 0;) {
    const auto found = open.find(owners[i]);
    const bool fits =
        found != open.end() &&
        buckets[found->second].bytes + parameters[i].nbytes() <= most_bytes &&
        parameters[buckets[found->second].members[0]].scalar_type() == parameters[i].scalar_type();
    if (!fits) {
      open[owners[i]] = buckets.size();
      buckets.push_back({.owner = owners[i]});
    }
    Bucket& bucket = buckets[open[owners[i]]];
    bucket.members.push_back(i);
    bucket.bytes += parameters[i].nbytes();
  }
  return buckets;
}

}  // namespace

struct ShardedGradients::State {
  std::shared_ptr<ProcessGroup> group;
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::vector<Bucket> buckets;
  std::vector<std::size_t> bucket_of;  // each parameter's
  std::vector<bool> ready;             // each parameter's
  std::vector<std::pair<Accumulator, std::uintptr_t>> hooks;
  std::size_t next = 0;  // the bucket to be sent; all ranks send them in the same order
  std::int64_t step = 0;

  void reset();
  void gradient_is_ready(std::size_t place);
  void send(Bucket& bucket);
  void receive(Bucket& bucket);
};

void ShardedGradients::State::reset() {
  next = 0;
  ready.assign(parameters.size(), false);
  for (Bucket& bucket : buckets) bucket.missing = bucket.members.size();
}

void ShardedGradients::State::gradient_is_ready(std::size_t place) {
  if (ready[place]) {
    throw InvalidArgument(concat("the gradient of ", names[place], " was computed twice"),
                          "call finish() after each backward");
  }
  ready[place] = true;
  --buckets[bucket_of[place]].missing;
  while (next < buckets.size() && buckets[next].missing == 0) send(buckets[next++]);
}

void ShardedGradients::State::send(Bucket& bucket) {
  const c10::AutoGradMode without_gradients(false);
  std::vector<at::Tensor> flat;
  for (const std::size_t place : bucket.members) {
    at::Tensor& gradient = parameters[place].mutable_grad();
    flat.push_back(gradient.reshape(-1));
    gradient.reset();
  }
  bucket.sent = at::cat(flat).div_(group->size());
  bucket.pending = group->reduce(bucket.sent, bucket.owner,
                                 concat("gradients of step ", step, " for rank ", bucket.owner));
}

void ShardedGradients::State::receive(Bucket& bucket) {
  bucket.pending.wait();
  const at::Tensor sent = std::exchange(bucket.sent, {});
  if (bucket.owner != group->rank()) return;
  std::int64_t at = 0;
  for (const std::size_t place : bucket.members) {
    const at::Tensor& parameter = parameters[place];
    parameter.mutable_grad() = sent.narrow(0, at, parameter.numel()).view(parameter.sizes());
    at += parameter.numel();
  }
}

ShardedGradients::ShardedGradients(std::shared_ptr<ProcessGroup> group,
                                   const std::vector<std::string>& names,
                                   const std::vector<at::Tensor>& parameters,
                                   std::int64_t bucket_bytes)
    : state_(std::make_shared<State>()) {
  State& state = *state_;
  state.group = group->sibling();
  state.names = names;
  state.parameters = parameters;
  state.buckets = make_buckets(parameters, group->size(), static_cast<std::size_t>(bucket_bytes));
  state.bucket_of.resize(parameters.size());
  for (std::size_t i = 0; i < state.buckets.size(); ++i) {
    for (const std::size_t place : state.buckets[i].members) state.bucket_of[place] = i;
  }
  state.reset();
  if (group->size() == 1) return;
  broadcast_all(*group, parameters, 0, "first broadcast of the parameters");
  using Values = std::vector<at::Tensor>;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto accumulator = torch::autograd::impl::grad_accumulator(parameters[i]);
    const auto told = [&state, i](const Values& outputs, const Values&) {
      state.gradient_is_ready(i);
      return outputs;
    };
    const auto key =
        accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(told));
    state.hooks.emplace_back(std::move(accumulator), key);
  }
}

ShardedGradients::~ShardedGradients() {
  for (const auto& [accumulator, key] : state_->hooks) accumulator->del_post_hook(key);
}

void ShardedGradients::finish() {
  State& state = *state_;
  if (state.group->size() == 1) return;
  for (std::size_t i = 0; i < state.ready.size(); ++i) {
    if (state.ready[i]) continue;
    throw InvalidArgument(concat("parameter ", state.names[i], " got no gradient"),
                          "every parameter has to take part in the loss of every step");
  }
  for (Bucket& bucket : state.buckets) state.receive(bucket);
  state.reset();
  ++state.step;
}

}  // namespace hadal::hpts
