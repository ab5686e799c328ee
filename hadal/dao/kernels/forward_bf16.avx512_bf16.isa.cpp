#include "hadal/dao/kernels/forward_math.h"
#include "hadal/dao/kernels/products_bf16.h"

// Products of bfloat16 pairs, added up in fp32 (VDPBF16PS). Keys and values lie as pairs of
// neighbours along the dimension that is summed over, so that a vector holds 16 such pairs.
namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

struct Bf16 : ForwardMath<Bf16Products, uint16_t> {
  static void store_weights(const State& state, int64_t row, int column, Vector weights) {
    auto* to = reinterpret_cast<uint16_t*>(state.weights) + row * kScoreStride + column;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), Bf16Products::rounded(weights));
  }
};

}  // namespace

void forward_bf16(const Task& task) { run_task<Bf16>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
