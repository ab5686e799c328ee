#include "hadal/draf/engine/micro_batches.h"

#include "hadal/dao/block_lists.h"

#include <algorithm>

namespace hadal::draf {
namespace {

constexpr std::int64_t kLeastTokens = 64;

/// How many of `pending` tokens after the first `computed` go into a part that has room for `room`:
/// more than none where that is a whole part's.
std::int64_t cut(std::int64_t computed, std::int64_t pending, std::int64_t room) {
  if (pending <= room) return pending;
  const std::int64_t end = (computed + room) / dao::kBlockSize * dao::kBlockSize;
  return std::max<std::int64_t>(0, end - computed);
}

}  // namespace

std::vector<std::vector<Slice>> micro_batches(const std::vector<Slice>& step, std::int64_t most) {
  std::int64_t tokens = 0;
  for (const Slice& slice : step) tokens += slice.count;
  const std::int64_t count = std::clamp<std::int64_t>(tokens / kLeastTokens, 1, most);
  if (count == 1) return {step};
  const std::int64_t size = (tokens + count - 1) / count;
  std::vector<std::vector<Slice>> parts(1);
  std::int64_t room = size;
  for (const Slice& slice : step) {
    for (std::int64_t done = 0; done < slice.count;) {
      const std::int64_t left = slice.count - done;
      const bool is_last = static_cast<std::int64_t>(parts.size()) == count;
      const std::int64_t taken = is_last ? left : cut(slice.work->computed + done, left, room);
      if (taken > 0) parts.back().push_back({slice.work, taken});
      done += taken;
      room -= taken;
      if (is_last || (room > 0 && done == slice.count)) continue;
      parts.emplace_back();
      room = size;
    }
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

}  // namespace hadal::draf
