// The reference beside the hand-written level.
namespace hadal::isa_test::HADAL_ISA_NAMESPACE {

float dot_bf16(const unsigned short* a, const unsigned short* b, long size) {
  float sum = 0;
  for (long i = 0; i < size; ++i) {
    const unsigned a_bits = static_cast<unsigned>(a[i]) << 16;
    const unsigned b_bits = static_cast<unsigned>(b[i]) << 16;
    sum += __builtin_bit_cast(float, a_bits) * __builtin_bit_cast(float, b_bits);
  }
  return sum;
}

}  // namespace hadal::isa_test::HADAL_ISA_NAMESPACE
