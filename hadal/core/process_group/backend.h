#pragma once

#include "hadal/core/process_group/process_group.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace hadal {

/// What a backend of c10d is made from.
struct BackendRequest {
  c10::intrusive_ptr<c10d::Store> store;
  int rank;
  int size;
  std::chrono::milliseconds timeout;
  std::string network_interface;
};

/// Whether this build has it; the functions below throw Unsupported where it has not.
bool has_gloo();
bool has_nccl();
c10::intrusive_ptr<c10d::Backend> make_gloo(const BackendRequest& request);
c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendRequest& request);

}  // namespace hadal
