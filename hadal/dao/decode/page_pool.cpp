#include "hadal/dao/decode/page_pool.h"

#include <numeric>

namespace hadal::dao {

PagePool::PagePool(std::int64_t pages)
    : users_(static_cast<std::size_t>(pages)), free_(static_cast<std::size_t>(pages)) {
  std::iota(free_.rbegin(), free_.rend(), 0);
}

std::int32_t PagePool::take() {
  const std::int32_t page = free_.back();
  free_.pop_back();
  users_[static_cast<std::size_t>(page)] = 1;
  return page;
}

void PagePool::release(std::int32_t page) {
  if (--users_[static_cast<std::size_t>(page)] == 0) free_.push_back(page);
}

}  // namespace hadal::dao
