#include "hadal/bench/cases/fast_bf16.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"

namespace hadal::bench {

void require_fast_bf16(const Context& context) {
  if (context.scale == Scale::full || detected_isa() >= Isa::avx512_bf16) return;
  throw Unsupported(
      "without AVX512_BF16, bf16 takes too long here for a quick run; --full does it");
}

}  // namespace hadal::bench
