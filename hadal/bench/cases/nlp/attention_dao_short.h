#pragma once

#include "hadal/bench/runner/case.h"

#include <cstdint>
#include <string>

namespace hadal::bench {

/// The case of a layer that may be sparse, with as few tokens as make sparsity hardly worth it: it
/// must not be slower than LibTorch's dense kernel, because it is dense itself where that is
/// faster.
Case short_attention_case(std::string id, std::int64_t tokens);

}  // namespace hadal::bench
