#include "hadal/dao/kernels/forward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void forward_fp32(const Task& task) { run_task<ForwardMath<Fp32Products>>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
