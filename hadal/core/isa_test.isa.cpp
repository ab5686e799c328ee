#include "hadal/core/isa_test.h"

namespace hadal::isa_test::HADAL_ISA_NAMESPACE {

// Data, not code, so that a test may read what a level that the machine lacks was compiled with.
extern const unsigned compiled_features;
const unsigned compiled_features = 0
#if defined(__AVX2__)
                                   | kAvx2
#endif
#if defined(__FMA__)
                                   | kFma
#endif
#if defined(__F16C__)
                                   | kF16c
#endif
#if defined(__AVX512F__)
                                   | kAvx512F
#endif
#if defined(__AVX512BW__)
                                   | kAvx512Bw
#endif
#if defined(__AVX512DQ__)
                                   | kAvx512Dq
#endif
#if defined(__AVX512VL__)
                                   | kAvx512Vl
#endif
#if defined(__AVX512BF16__)
                                   | kAvx512Bf16
#endif
#if defined(__AVX512VNNI__)
                                   | kAvx512Vnni
#endif
#if defined(__AMX_TILE__)
                                   | kAmxTile
#endif
#if defined(__AMX_BF16__)
                                   | kAmxBf16
#endif
#if defined(__AMX_INT8__)
                                   | kAmxInt8
#endif
    ;

/// a * x + y, which the compiler vectorizes as far as the level allows.
void multiply_add(float a, const float* x, float* y, long size) {
  for (long i = 0; i < size; ++i) y[i] += a * x[i];
}

/// The level's own name, to tell which copy ran.
const char* compiled_level() {
#define HADAL_TEXT_OF(name) #name
#define HADAL_TEXT(name) HADAL_TEXT_OF(name)
  return HADAL_TEXT(HADAL_ISA_NAMESPACE);
}

}  // namespace hadal::isa_test::HADAL_ISA_NAMESPACE
