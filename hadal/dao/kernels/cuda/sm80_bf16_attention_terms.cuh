#pragma once

// What the two backward kernels need of each query's forward pass: one warp a query.
#include "hadal/dao/kernels/cuda/grid.h"
#include "hadal/dao/kernels/cuda/layout.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// The product of a lane's chunks of two rows.
HADAL_DEVICE float chunk_product(const Bf16* a, const Bf16* b) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < kChunk; ++i) sum = fused(float_of(a[i]), float_of(b[i]), sum);
  return sum;
}

HADAL_KERNEL(kRowThreads, 1)
void sm80_bf16_attention_terms_kernel(const BackwardParams params) {
  const Shape& shape = params.shape;
  const std::int64_t row = block_index() * (kRowThreads / 32) + thread_index() / 32;
  const std::int64_t heads = row / shape.queries;
  if (heads >= std::int64_t{shape.batch} * shape.heads) return;
  const int query = static_cast<int>(row % shape.queries);
  const std::int64_t batch = heads / shape.heads;
  const std::int64_t head = heads % shape.heads;
  const int column = thread_index() % 32 * kChunk;
  static_assert(kLargestHead == 32 * kChunk);
  float delta = 0;
  if (column < shape.head_dim) {
    delta = chunk_product(params.output.at(batch, head, query) + column,
                          params.output_grad.at(batch, head, query) + column);
  }
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) delta += across(delta, mask);
  if (thread_index() % 32 != 0) return;
  if (params.log_sum_exp_grad != nullptr) delta -= params.log_sum_exp_grad[row];
  const float log_sum_exp = params.log_sum_exp[row];
  params.terms[row] = {log_sum_exp == -kInfinity ? kInfinity : log_sum_exp * kLog2E, delta};
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
