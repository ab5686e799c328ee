#include <immintrin.h>

// Compiled for one level only, because it uses that level's intrinsics.
namespace hadal::isa_test::HADAL_ISA_NAMESPACE {

/// The sum of the products of two sequences of `size` bfloat16 numbers, `size` a multiple of 32.
float dot_bf16(const unsigned short* a, const unsigned short* b, long size) {
  __m512 sum = _mm512_setzero_ps();
  for (long i = 0; i < size; i += 32) {
    sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_loadu_si512(a + i)),
                           reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + i)));
  }
  return _mm512_reduce_add_ps(sum);
}

}  // namespace hadal::isa_test::HADAL_ISA_NAMESPACE
