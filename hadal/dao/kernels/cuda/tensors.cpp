#include "hadal/dao/kernels/cuda/tensors.h"

#include "hadal/core/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>

namespace hadal::dao::kernels::cuda {

at::Tensor aligned(const at::Tensor& tensor) {
  const at::Tensor x = tensor.detach();
  const std::int64_t rest = x.size(3) % kChunk;
  if (rest != 0) return at::constant_pad_nd(x, {0, kChunk - rest});
  bool fits = x.stride(3) == 1 && reinterpret_cast<std::uintptr_t>(x.const_data_ptr()) % 16 == 0;
  fits = fits && x.stride(2) <= kLargestStride;
  for (int i = 0; i < 3; ++i) fits = fits && x.stride(i) % kChunk == 0;
  return fits ? x : x.clone(at::MemoryFormat::Contiguous);
}

View<const Bf16> view_of(const at::Tensor& x) {
  return {static_cast<const Bf16*>(x.const_data_ptr()), x.stride(0), x.stride(1),
          static_cast<int>(x.stride(2))};
}

View<Bf16> view_to(const at::Tensor& x) {
  return {static_cast<Bf16*>(x.mutable_data_ptr()), x.stride(0), x.stride(1),
          static_cast<int>(x.stride(2))};
}

at::Tensor without_padding(const at::Tensor& x, std::int64_t head_dim) {
  return x.size(3) == head_dim ? x : x.narrow(3, 0, head_dim).contiguous();
}

void check_type(const at::Tensor& query) {
  if (query.scalar_type() == at::kBFloat16) return;
  throw Unsupported(concat("attention on CUDA: expected bf16, got ", query.scalar_type()),
                    "convert query, key and value with .to(at::kBFloat16)");
}

Lists lists_of(const at::Tensor& offsets, const at::Tensor& blocks) {
  if (!offsets.defined()) return {nullptr, nullptr};
  return {offsets.const_data_ptr<std::int64_t>(), blocks.const_data_ptr<std::int32_t>()};
}

}  // namespace hadal::dao::kernels::cuda
