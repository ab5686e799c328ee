#include "hadal/dao/kernels/cuda/attention.h"

#include "hadal/core/error.h"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace hadal::dao::kernels::cuda {
namespace {

void check_started(cudaError_t error, const char* operation) {
  if (error == cudaSuccess) return;
  throw Error(
      concat(operation, ": a CUDA kernel could not be started: ", cudaGetErrorString(error)),
      "this build's kernels need a device of compute capability 8.0 or later that is listed "
      "in CMAKE_CUDA_ARCHITECTURES; heads above 128 need 193 KB of shared memory (9.0)");
}

cudaStream_t stream_of(const at::Tensor& tensor) {
  return c10::cuda::getCurrentCUDAStream(tensor.device().index()).stream();
}

int multiprocessors() {
  int device = 0;
  int count = 1;
  check_started(cudaGetDevice(&device), "decode");
  check_started(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "decode");
  return count;
}

}  // namespace

AttentionResult attention_forward(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const std::optional<BlockLists>& lists,
                                  const AttentionOptions& options) {
  const c10::cuda::CUDAGuard guard(query.device());
  const ForwardCall call = prepare_forward(query, key, value, lists, options);
  check_started(sm80_bf16_attention_forward(call.params, stream_of(query)), "attention");
  return call.result();
}

AttentionGradients attention_backward(const at::Tensor& output_grad,
                                      const at::Tensor& log_sum_exp_grad, const at::Tensor& query,
                                      const at::Tensor& key, const at::Tensor& value,
                                      const AttentionResult& result,
                                      const std::optional<BlockLists>& lists,
                                      const AttentionOptions& options) {
  const c10::cuda::CUDAGuard guard(query.device());
  const BackwardCall call =
      prepare_backward(output_grad, log_sum_exp_grad, query, key, value, result, lists, options);
  check_started(sm80_bf16_attention_backward(call.params, stream_of(query)), "attention_backward");
  return call.result();
}

AttentionResult decode(const at::Tensor& query, const PagedCache& cache,
                       const std::optional<BlockLists>& lists, std::optional<double> scale) {
  const c10::cuda::CUDAGuard guard(query.device());
  const DecodeCall call = prepare_decode(query, cache, lists, scale, multiprocessors());
  check_started(sm80_bf16_attention_decode(call.params, stream_of(query)), "decode");
  return call.result();
}

}  // namespace hadal::dao::kernels::cuda
