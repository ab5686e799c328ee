#include "hadal/dao/segments.h"

#include <algorithm>

namespace hadal::dao {

Segments::Segments(std::int64_t batch, std::int64_t tokens) {
  for (std::int64_t i = 0; i < batch; ++i) add(i, 0, tokens);
  sort();
}

Segments::Segments(const at::Tensor& offsets) {
  const auto* offset = offsets.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i + 1 < offsets.size(0); ++i) {
    add(0, offset[i], offset[i + 1] - offset[i]);
  }
  sort();
}

void Segments::add(std::int64_t batch, std::int64_t first, std::int64_t tokens) {
  const Segment segment{batch, first, tokens, blocks_};
  for (std::int64_t block = 0; block < segment.blocks(); ++block) {
    by_number_.push_back({segments_.size(), block});
  }
  segments_.push_back(segment);
  blocks_ += segment.blocks();
}

void Segments::sort() {
  std::stable_sort(by_number_.begin(), by_number_.end(),
                   [](const SegmentBlock& a, const SegmentBlock& b) { return a.block < b.block; });
}

}  // namespace hadal::dao
