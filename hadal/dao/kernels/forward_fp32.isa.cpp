#include "hadal/dao/kernels/forward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void forward_fp32(const Task* tasks, int count) {
  run_tasks<ForwardMath<Fp32Products>>(tasks, count);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
