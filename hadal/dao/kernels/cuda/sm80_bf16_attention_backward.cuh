#pragma once

// The gradients of attention over kept pairs of blocks, without atomic additions: terms of each
// query, then the gradients of queries, and of keys and values.
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_key_grad.cuh"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_query_grad.cuh"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_terms.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

template <class Launch>
void launch_backward(const BackwardParams& params, Launch& launch) {
  const Shape& shape = params.shape;
  launch(&sm80_bf16_attention_terms_kernel,
         row_items(std::int64_t{shape.batch} * shape.heads * shape.queries), kRowThreads, 0,
         params);
  with_padded_head(shape.head_dim, [&](auto head) {
    using Q = QueryLayout<decltype(head)::value>;
    using K = KeyLayout<decltype(head)::value>;
    launch(&sm80_bf16_attention_query_grad_kernel<Q>, query_items(shape), Q::kThreads,
           QueryGradTiles<Q>::kBytes, params);
    launch(&sm80_bf16_attention_key_grad_kernel<K>, key_items(shape), K::kThreads, K::kBytes,
           params);
  });
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
