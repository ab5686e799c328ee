#include "hadal/core/process_group/backend.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#if defined(HADAL_CUDA) && __has_include(<nccl.h>)
#define HADAL_NCCL
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/cuda.h>
#endif

namespace hadal {

#ifdef HADAL_NCCL

bool has_nccl() { return torch::cuda::is_available(); }

c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendRequest& request) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = request.timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(request.store, request.rank, request.size,
                                                     options);
}

#else

bool has_nccl() { return false; }

c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendRequest&) {
  throw Unsupported("this build of Hadal has no NCCL, which several processes need on GPUs",
                    "build it with HADAL_CUDA, a CUDA LibTorch and NCCL's headers, or use gloo");
}

#endif

}  // namespace hadal
