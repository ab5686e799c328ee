#include "hadal/dao/query_lists.h"

#include <numeric>

namespace hadal::dao {
namespace {

/// Calls work(place of a block of keys, block of queries) for all that is in the lists, in order.
template <class Work>
void for_each_pair(const BlockLists& lists, const Sequences& sequences, std::int64_t heads,
                   const Work& work) {
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  for (std::size_t s = 0; s < sequences.queries.size(); ++s) {
    const Segment& queries = sequences.queries[s];
    for (std::int64_t i = 0; i < heads * queries.blocks(); ++i) {
      const std::int64_t head = i / queries.blocks();
      const std::int64_t row = queries.place(heads, 0, i);
      for (auto at = offsets[row]; at < offsets[row + 1]; ++at) {
        work(static_cast<std::size_t>(sequences.keys[s].place(heads, head, blocks[at])),
             static_cast<std::int32_t>(i % queries.blocks()));
      }
    }
  }
}

}  // namespace

QueryLists::QueryLists(const BlockLists& lists, const Sequences& sequences, std::int64_t heads) {
  offsets_.assign(static_cast<std::size_t>(heads * sequences.keys.blocks()) + 1, 0);
  for_each_pair(lists, sequences, heads,
                [&](std::size_t place, std::int32_t) { ++offsets_[place + 1]; });
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  blocks_.resize(offsets_.back());
  std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
  for_each_pair(lists, sequences, heads, [&](std::size_t place, std::int32_t query_block) {
    blocks_[next[place]++] = query_block;
  });
}

}  // namespace hadal::dao
