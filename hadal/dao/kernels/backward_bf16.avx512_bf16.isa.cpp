#include "hadal/dao/kernels/backward_math_bf16.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void backward_bf16(const Pair& pair) { run_pair<Bf16Backward<Bf16Products>>(pair); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
