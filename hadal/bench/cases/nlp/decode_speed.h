#pragma once

#include "hadal/bench/cases/nlp/decode_input.h"

#include <vector>

namespace hadal::bench {

inline constexpr double kDecodeKeep = 0.30;
inline const dao::DecodeOptions kSparseDecode{.budget = dao::Budget{.keep = kDecodeKeep}};

/// How fast the steps of decoding are beside each other and beside what the memory allows.
std::vector<Metric> decode_speeds(const DecodeInput& x, PagedCache& cache);

}  // namespace hadal::bench
