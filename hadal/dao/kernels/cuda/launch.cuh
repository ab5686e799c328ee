#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace hadal::dao::kernels::cuda {

/// Starts kernels on a stream, until one cannot be.
class StreamLaunch {
 public:
  explicit StreamLaunch(cudaStream_t stream) : stream_(stream) {}

  /// Starts `blocks` thread blocks, of which there may be none.
  template <class Params>
  void operator()(void (*kernel)(Params), std::int64_t blocks, int threads, int shared_bytes,
                  const Params& params) {
    if (blocks == 0 || error_ != cudaSuccess) return;
    error_ =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes);
    if (error_ != cudaSuccess) return;
    kernel<<<static_cast<unsigned>(blocks), threads, shared_bytes, stream_>>>(params);
    error_ = cudaGetLastError();
  }

  cudaError_t error() const { return error_; }

 private:
  cudaStream_t stream_;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace hadal::dao::kernels::cuda
