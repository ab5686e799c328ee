#pragma once

#include "hadal/core/error.h"
#include "hadal/core/process_group/rendezvous.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal {

/// A collective failed because of other processes, which `ranks()` names as far as it is known.
/// The text says what failed, who is at fault and how it is known.
class PeerError : public Error {
 public:
  PeerError(const std::string& what, std::vector<int> ranks, std::string hint)
      : Error(what, std::move(hint)), ranks_(std::move(ranks)) {}
  const std::vector<int>& ranks() const noexcept { return ranks_; }

 private:
  std::vector<int> ranks_;
};

/// A collective on its way. wait() has to be called, in the order in which they were begun; the
/// tensors stay alive until then.
class [[nodiscard]] PendingCollective {
 public:
  struct Work;
  explicit PendingCollective(std::shared_ptr<Work> work) : work_(std::move(work)) {}
  /// Returns when the result is there. Throws PeerError where another process keeps it from coming,
  /// within the group's timeout. A second call does nothing.
  void wait();

 private:
  std::shared_ptr<Work> work_;
};

/// What a group's collectives took, as this rank saw it, since its start.
struct Traffic {
  std::int64_t bytes = 0;  ///< of the tensors that it gave to them
  double seconds = 0;      ///< while at least one was on its way
  double waited = 0;       ///< how long wait() kept the caller: what no computation has hidden
  /// The share of the seconds that something else was done in.
  double hidden() const { return seconds == 0 ? 0 : std::max(0.0, 1 - waited / seconds); }
};

/// Processes that compute together: rank 0 to size - 1. All have to call the same collectives in
/// the same order, on tensors of the same shape and type, contiguous, on a device of the backend.
/// `what` names the collective in errors, of this and of other processes: "gradients of step 12".
/// A group of one communicates nothing. Use an object in one thread at a time; a thread of its own
/// takes a sibling().
class ProcessGroup {
 public:
  struct Impl;
  explicit ProcessGroup(std::shared_ptr<Impl> impl);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  int rank() const;
  int size() const;
  int local_rank() const;            ///< among the processes of this machine
  std::string_view backend() const;  ///< "gloo", "nccl", or "none" for one process
  std::chrono::milliseconds timeout() const;

  /// The sum over all ranks, in place: fp32, fp64, bf16, fp16 and integers.
  PendingCollective all_reduce(const at::Tensor& tensor, const std::string& what);
  /// The sum over all ranks at rank `root`; elsewhere `tensor` is no longer of use.
  PendingCollective reduce(const at::Tensor& tensor, int root, const std::string& what);
  /// Overwrites `tensor` by that of rank `root`.
  PendingCollective broadcast(const at::Tensor& tensor, int root, const std::string& what);
  /// `output` becomes the `input`s of all ranks, one after the other: numel is size times as large.
  PendingCollective all_gather(const at::Tensor& output, const at::Tensor& input,
                               const std::string& what);
  /// `output` becomes this rank's part of the sum of the `input`s, whose numel is size times as
  /// large; part i of `input` goes to rank i.
  PendingCollective reduce_scatter(const at::Tensor& output, const at::Tensor& input,
                                   const std::string& what);
  /// Returns when all ranks have called it.
  void barrier(const std::string& what);
  /// The texts of all ranks, in their order. Meant for set-up and checks: it goes through the
  /// store.
  std::vector<std::string> exchange(const std::string& text, const std::string& what);

  /// The same ranks over connections of their own, so that its collectives and this group's need no
  /// common order. All ranks have to call it, in the same order.
  std::shared_ptr<ProcessGroup> sibling();
  /// The ranks that give the same `color`, in their order, as a group over connections of its own.
  /// All ranks have to call it, in the same order.
  std::shared_ptr<ProcessGroup> split(int color);

  Traffic traffic() const;  ///< seconds with gloo alone

  /// For sources that speak to c10d themselves.
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

enum class Backend {
  automatic,  ///< nccl where Hadal was built with it and a GPU is there, else gloo
  gloo,       ///< for CPU tensors
  nccl,       ///< for CUDA tensors
};

struct ProcessGroupOptions {
  RendezvousOptions rendezvous = {};  ///< what is not set comes from the environment
  Backend backend = Backend::automatic;
  /// Of each collective, and of the start: how long the others may keep this process waiting.
  std::chrono::milliseconds timeout = std::chrono::minutes(5);
  /// The network interface of gloo's connections ("eth0"); where empty the variable
  /// GLOO_SOCKET_IFNAME names it, or else the host's name does.
  std::string network_interface = {};
};

/// Meets the other processes of the job: see find_rendezvous() for how they find each other. Throws
/// InvalidArgument for a bad or missing option or variable, PeerError naming the ranks that have
/// not come within the timeout, IoError where the store cannot be reached, and Unsupported where
/// this build lacks the backend. One process needs neither network nor backend.
std::shared_ptr<ProcessGroup> init_process_group(const ProcessGroupOptions& options = {});

/// Bytes that each rank of `ranks` sends in an all-reduce of `bytes` by the ring that gloo and nccl
/// use: 2 (ranks - 1) / ranks * bytes.
double all_reduce_bytes_sent(std::int64_t bytes, int ranks);

}  // namespace hadal
