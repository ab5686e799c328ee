#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hadal::hpts {

/// Makes the `count` rows of `rows`, [count, length] one after the other, orthonormal by the
/// Gram-Schmidt process, each row twice against those before it, which is enough for orthogonality
/// to rounding (Giraud et al., 2005). Sums are in double precision. Rows that depend on those
/// before them, to fp32's rounding, become zero; returns their numbers.
std::vector<std::int64_t> orthogonalize(std::span<float> rows, std::int64_t count);

}  // namespace hadal::hpts
