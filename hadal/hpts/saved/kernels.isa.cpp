#include "hadal/hpts/saved/kernels.h"

#include "hadal/hpts/saved/codec.h"
#include "hadal/hpts/saved/norm.h"

namespace hadal::hpts::HADAL_ISA_NAMESPACE {
namespace {

template <class Element>
constexpr Kernels kKernels{.quantize = quantize<Element>,
                           .dequantize = dequantize<Element>,
                           .widen = widen<Element>,
                           .narrow = narrow<Element>,
                           .relu = relu<Element>,
                           .relu_grad = relu_grad<Element>,
                           .moments = moments<Element>,
                           .normalize = normalize<Element>,
                           .normalize_floats = normalize_floats<Element>,
                           .norm_sums = norm_sums<Element>,
                           .norm_grad = norm_grad<Element>};

}  // namespace

const Kernels& kernels_fp32() { return kKernels<float>; }
const Kernels& kernels_bf16() { return kKernels<Bf16>; }

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
