#pragma once

#include "hadal/bench/runner/case.h"

namespace hadal::bench {

/// For cases that train in bf16: throws Unsupported in a quick run on a processor without
/// AVX512_BF16, where LibTorch takes 5 to 10 times as long in bf16 as in fp32.
void require_fast_bf16(const Context& context);

}  // namespace hadal::bench
