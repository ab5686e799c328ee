#pragma once

// Attention's kernels for CUDA devices of compute capability 8.0 and later: products of bf16, sums
// of fp32. Results have the same bits each time.
#include "hadal/dao/kernels/cuda/params.h"

#include <cuda_runtime_api.h>

namespace hadal::dao::kernels::cuda {

// Each starts its kernels on `stream` and tells whether they could be started.
cudaError_t sm80_bf16_attention_forward(const ForwardParams& params, cudaStream_t stream);
cudaError_t sm80_bf16_attention_backward(const BackwardParams& params, cudaStream_t stream);
cudaError_t sm80_bf16_attention_decode(const DecodeParams& params, cudaStream_t stream);

}  // namespace hadal::dao::kernels::cuda
