#pragma once

#include <cstdint>
#include <vector>

namespace hadal::dao {

/// Which of a fixed number of pages are in use, and by how many.
class PagePool {
 public:
  explicit PagePool(std::int64_t pages);

  std::int64_t free_pages() const { return static_cast<std::int64_t>(free_.size()); }
  std::int64_t pages() const { return static_cast<std::int64_t>(users_.size()); }
  /// A page that nobody uses, now with one user: the one given back last, otherwise the lowest.
  /// There must be one.
  std::int32_t take();
  void share(std::int32_t page) { ++users_[static_cast<std::size_t>(page)]; }
  /// Takes one user away. The page is free after the last.
  void release(std::int32_t page);
  std::int64_t users(std::int32_t page) const { return users_[static_cast<std::size_t>(page)]; }

 private:
  std::vector<std::int64_t> users_;  // of each page
  std::vector<std::int32_t> free_;   // the next to take is last
};

}  // namespace hadal::dao
