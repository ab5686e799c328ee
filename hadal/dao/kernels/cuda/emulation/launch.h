#pragma once

#include "hadal/dao/kernels/cuda/emulation/machine.h"

namespace hadal::dao::kernels::cuda::emulation {

/// Runs kernels on the emulated machine, in place of launch.cuh's StreamLaunch.
struct Launch {
  template <class Params>
  void operator()(void (*kernel)(Params), std::int64_t blocks, int threads, int shared_bytes,
                  const Params& params) {
    machine().launch(blocks, threads, static_cast<std::size_t>(shared_bytes),
                     [&] { kernel(params); });
  }
};

}  // namespace hadal::dao::kernels::cuda::emulation
