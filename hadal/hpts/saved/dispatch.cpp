#include "hadal/hpts/saved/dispatch.h"

#include "hadal/core/isa.h"

namespace hadal::hpts {

HADAL_ISA_DECLARE(const Kernels& kernels_fp32(); const Kernels& kernels_bf16();)

namespace {

constexpr IsaTable kFp32 = HADAL_ISA_TABLE(kernels_fp32);
constexpr IsaTable kBf16 = HADAL_ISA_TABLE(kernels_bf16);

}  // namespace

bool has_kernels(const at::Tensor& x) {
  return x.layout() == at::kStrided && x.device().is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         x.is_non_overlapping_and_dense();
}

const Kernels& kernels_for(at::ScalarType type) {
  return (type == at::kBFloat16 ? kBf16 : kFp32).best()();
}

}  // namespace hadal::hpts
