#include "hadal/dao/kernels/backward_math_bf16.h"
#include "hadal/dao/kernels/counted_products.h"
#include "hadal/dao/kernels/forward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void counted_forward_bf16(const Task* tasks, int count) {
  run_tasks<ForwardMath<Counted<Bf16Products>>>(tasks, count);
}
void counted_backward_bf16(const Pair& pair) {
  run_pair<Bf16Backward<Counted<Bf16Products>>>(pair);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
