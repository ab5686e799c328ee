#include "hadal/dao/kernels/backward_math.h"
#include "hadal/dao/kernels/counted_products.h"
#include "hadal/dao/kernels/forward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void counted_forward_fp32(const Task* tasks, int count) {
  run_tasks<ForwardMath<Counted<Fp32Products>>>(tasks, count);
}
void counted_backward_fp32(const Pair& pair) {
  run_pair<Fp32Backward<Counted<Fp32Products>>>(pair);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
