#pragma once

// Shared by isa_test.cpp and the test kernels that are compiled once an instruction set, so plain.

namespace hadal::isa_test {

/// What the compiler was told that it may use.
enum Feature : unsigned {
  kAvx2 = 1,
  kFma = 2,
  kF16c = 4,
  kAvx512F = 8,
  kAvx512Bw = 16,
  kAvx512Dq = 32,
  kAvx512Vl = 64,
  kAvx512Bf16 = 128,
  kAmxTile = 256,
  kAmxBf16 = 512,
  kAvx512Vnni = 1024,
  kAmxInt8 = 2048,
};

}  // namespace hadal::isa_test
