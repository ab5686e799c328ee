#include "hadal/dao/kernels/backward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void backward_fp32(const Pair& pair) { run_pair<Fp32Backward<Fp32Products>>(pair); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
