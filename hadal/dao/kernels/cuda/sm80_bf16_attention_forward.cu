#include "hadal/dao/kernels/cuda/launch.cuh"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention.h"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_forward.cuh"

namespace hadal::dao::kernels::cuda {

cudaError_t sm80_bf16_attention_forward(const ForwardParams& params, cudaStream_t stream) {
  StreamLaunch launch(stream);
  gpu::launch_forward(params, launch);
  return launch.error();
}

}  // namespace hadal::dao::kernels::cuda
