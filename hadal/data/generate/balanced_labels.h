#pragma once

#include <cstdint>
#include <vector>

namespace hadal::data {

/// `count` labels from 0 to 9, each within one as often as any other, in a random order.
std::vector<std::int64_t> balanced_labels(std::int64_t count, std::uint64_t seed);

}  // namespace hadal::data
