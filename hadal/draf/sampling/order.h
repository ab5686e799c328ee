#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace hadal::draf {

/// The ids of logits from the largest to the smallest, of equal ones the lower first, of which only
/// those asked for are sorted.
class Descending {
 public:
  explicit Descending(std::span<const float> logits) : logits_(logits), ids_(logits.size()) {
    std::iota(ids_.begin(), ids_.end(), 0);
  }

  /// `rank` must be below the number of logits.
  std::int32_t operator[](std::size_t rank) {
    while (rank >= sorted_) sort_more();
    return ids_[rank];
  }
  std::size_t size() const { return ids_.size(); }

 private:
  void sort_more() {
    const auto before = [&](std::int32_t a, std::int32_t b) {
      const float x = logits_[static_cast<std::size_t>(a)];
      const float y = logits_[static_cast<std::size_t>(b)];
      return x > y || (x == y && a < b);
    };
    const std::size_t next = std::min(ids_.size(), std::max<std::size_t>(64, 8 * sorted_));
    const auto at = [&](std::size_t i) { return ids_.begin() + static_cast<std::ptrdiff_t>(i); };
    if (next < ids_.size()) std::nth_element(at(sorted_), at(next), ids_.end(), before);
    std::sort(at(sorted_), at(next), before);
    sorted_ = next;
  }

  std::span<const float> logits_;
  std::vector<std::int32_t> ids_;
  std::size_t sorted_ = 0;
};

}  // namespace hadal::draf
