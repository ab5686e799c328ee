#include "hadal/core/process_group/process_group.h"

#include "hadal/core/process_group/impl.h"

namespace hadal {
namespace {

/// A collective that needs none.
PendingCollective nothing() { return PendingCollective(nullptr); }

// LibTorch 2.13 has other names for these two.
template <class Group>
auto all_gather_single(Group& group, at::Tensor& whole, at::Tensor& part) {
  if constexpr (requires { group.all_gather_single(whole, part); }) {
    return group.all_gather_single(whole, part);
  } else {
    return group._allgather_base(whole, part);
  }
}

template <class Group>
auto reduce_scatter_single(Group& group, at::Tensor& part, at::Tensor& whole) {
  if constexpr (requires { group.reduce_scatter_single(part, whole); }) {
    return group.reduce_scatter_single(part, whole);
  } else {
    return group._reduce_scatter_base(part, whole);
  }
}

void check_tensor(const at::Tensor& tensor, const std::string& what) {
  if (!tensor.defined() || !tensor.is_contiguous()) {
    throw InvalidArgument(concat(what, ": expected a contiguous tensor, got ",
                                 tensor.defined() ? "one that is not" : "an undefined one"));
  }
}

void check_root(int root, int size, const std::string& what) {
  if (root >= 0 && root < size) return;
  throw InvalidArgument(concat(what, ": expected a root from 0 to ", size - 1, ", got ", root));
}

/// `whole` has to hold the `part`s of all ranks.
void check_parts(const at::Tensor& whole, const at::Tensor& part, int size,
                 const std::string& what) {
  check_tensor(whole, what);
  check_tensor(part, what);
  if (whole.numel() != part.numel() * size || whole.scalar_type() != part.scalar_type()) {
    throw InvalidArgument(concat(what, ": expected ", size, " parts of ", part.numel(), " ",
                                 part.scalar_type(), " elements, got ", whole.numel(), " ",
                                 whole.scalar_type()));
  }
}

}  // namespace

void PendingCollective::wait() {
  if (!work_ || !work_->work) return;
  const auto work = std::exchange(work_->work, nullptr);
  ProcessGroup::Impl& group = *work_->group;
  const auto start = TrafficMeter::Clock::now();
  try {
    work->wait();
  } catch (const std::exception& error) {
    group.fail(work_->what, first_line(error));
  }
  group.traffic->wait(TrafficMeter::Clock::now() - start);
  if (work_->ends_at_wait) group.traffic->end();
  ++group.finished;
  group.job->heartbeat->finish(group.channel);
}

ProcessGroup::ProcessGroup(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessGroup::~ProcessGroup() = default;

int ProcessGroup::rank() const { return impl_->rank; }
int ProcessGroup::size() const { return static_cast<int>(impl_->members.size()); }
int ProcessGroup::local_rank() const { return impl_->job ? impl_->job->place.local_rank : 0; }
std::string_view ProcessGroup::backend() const {
  return impl_->job ? std::string_view(impl_->job->backend) : "none";
}
std::chrono::milliseconds ProcessGroup::timeout() const {
  return impl_->job ? impl_->job->options.timeout : std::chrono::milliseconds(0);
}

PendingCollective ProcessGroup::all_reduce(const at::Tensor& tensor, const std::string& what) {
  check_tensor(tensor, what);
  if (size() == 1) return nothing();
  std::vector<at::Tensor> tensors{tensor};
  return PendingCollective(begin(impl_, what, tensor.nbytes(), [&](c10d::ProcessGroup& group) {
    return group.allreduce(tensors);
  }));
}

PendingCollective ProcessGroup::reduce(const at::Tensor& tensor, int root,
                                       const std::string& what) {
  check_tensor(tensor, what);
  check_root(root, size(), what);
  if (size() == 1) return nothing();
  std::vector<at::Tensor> tensors{tensor};
  c10d::ReduceOptions options;
  options.rootRank = root;
  return PendingCollective(begin(impl_, what, tensor.nbytes(), [&](c10d::ProcessGroup& group) {
    return group.reduce(tensors, options);
  }));
}

PendingCollective ProcessGroup::broadcast(const at::Tensor& tensor, int root,
                                          const std::string& what) {
  check_tensor(tensor, what);
  check_root(root, size(), what);
  if (size() == 1) return nothing();
  std::vector<at::Tensor> tensors{tensor};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  return PendingCollective(begin(impl_, what, tensor.nbytes(), [&](c10d::ProcessGroup& group) {
    return group.broadcast(tensors, options);
  }));
}

PendingCollective ProcessGroup::all_gather(const at::Tensor& output, const at::Tensor& input,
                                           const std::string& what) {
  check_parts(output, input, size(), what);
  if (size() == 1) {
    output.view(-1).copy_(input.view(-1));
    return nothing();
  }
  at::Tensor whole = output.view(-1), part = input.view(-1);
  return PendingCollective(begin(impl_, what, part.nbytes(), [&](c10d::ProcessGroup& group) {
    return all_gather_single(group, whole, part);
  }));
}

PendingCollective ProcessGroup::reduce_scatter(const at::Tensor& output, const at::Tensor& input,
                                               const std::string& what) {
  check_parts(input, output, size(), what);
  if (size() == 1) {
    output.view(-1).copy_(input.view(-1));
    return nothing();
  }
  at::Tensor whole = input.view(-1), part = output.view(-1);
  return PendingCollective(begin(impl_, what, whole.nbytes(), [&](c10d::ProcessGroup& group) {
    return reduce_scatter_single(group, part, whole);
  }));
}

void ProcessGroup::barrier(const std::string& what) {
  if (size() == 1) return;
  PendingCollective(begin(impl_, what, 0, [](c10d::ProcessGroup& group) {
    return group.barrier();
  })).wait();
}

std::shared_ptr<ProcessGroup> ProcessGroup::sibling() {
  if (!impl_->job) return std::make_shared<ProcessGroup>(std::make_shared<Impl>());
  return std::make_shared<ProcessGroup>(connect(impl_->job, impl_->members));
}

std::shared_ptr<ProcessGroup> ProcessGroup::split(int color) {
  const auto colors = exchange(std::to_string(color), "the split of a group");
  if (!impl_->job) return sibling();
  std::vector<int> members;
  for (std::size_t i = 0; i < colors.size(); ++i) {
    if (colors[i] == std::to_string(color)) members.push_back(impl_->members[i]);
  }
  return std::make_shared<ProcessGroup>(connect(impl_->job, members));
}

Traffic ProcessGroup::traffic() const { return impl_->traffic->read(); }

double all_reduce_bytes_sent(std::int64_t bytes, int ranks) {
  return 2.0 * (ranks - 1) / ranks * static_cast<double>(bytes);
}

}  // namespace hadal
