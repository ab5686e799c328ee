#include "hadal/dao/kernels/forward_math.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

struct Fp32 : ForwardMath<Fp32Products, float> {
  static void store_weights(const State& state, int64_t row, int column, Vector weights) {
    store(state.weights + row * kScoreStride + column, weights);
  }
};

}  // namespace

void forward_fp32(const Task& task) { run_task<Fp32>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
