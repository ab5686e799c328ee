#pragma once

#include "hadal/bench/runner/case.h"

#include <cstdint>
#include <string>

namespace hadal::bench {

/// The case of decoding one token after `tokens` others: LibTorch's attention of one query to all
/// keys against Hadal's to the pages that a training-free choice keeps. Both sides append the token
/// to their cache first.
Case decode_case(const std::string& id, std::int64_t tokens);

}  // namespace hadal::bench
