#include "hadal/dao/kernels/forward_math.h"
#include "hadal/dao/kernels/products_bf16.h"

// Products of bfloat16 pairs, added up in fp32 (VDPBF16PS). Keys and values lie as pairs of
// neighbours along the dimension that is summed over, so that a vector holds 16 such pairs.
namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void forward_bf16(const Task* tasks, int count) {
  run_tasks<ForwardMath<Bf16Products>>(tasks, count);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
