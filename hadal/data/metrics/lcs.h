#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hadal::data {

/// Length of the longest common subsequence. Takes time a.size() * b.size() and memory b.size().
std::size_t lcs_length(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

/// The places in `a`, ascending, of one longest common subsequence. Of several, it is the one that
/// is read from the end of the table of lengths by taking every match, and otherwise stepping back
/// in `a` unless that makes the subsequence shorter: the one that `rouge-score` reads. Takes twice
/// the time of lcs_length(), and memory b.size() * sqrt(a.size()).
std::vector<std::size_t> lcs_positions(std::span<const std::int32_t> a,
                                       std::span<const std::int32_t> b);

}  // namespace hadal::data
