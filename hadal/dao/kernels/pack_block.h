#pragma once

#include "hadal/dao/kernels/forward.h"

#include <cstdint>

namespace hadal::dao::kernels {

/// Where rows lie.
template <class Element>
struct Rows {
  const Element* data;
  std::int64_t stride;
  std::int64_t step;  ///< between the elements of a row
};

/// [rows, size] -> rows `first` on of [size / group][kBlock][group]: the block's rows side by side,
/// in groups of `group` neighbours of a row. 1 for fp32, 2 for bf16.
template <int group, class Element>
void pack_keys(const Rows<Element>& from, std::int64_t first, std::int64_t rows, std::int64_t size,
               Element* to) {
  for (std::int64_t i = 0; i < size; ++i) {
    Element* column = to + ((i / group) * kBlock + first) * group + i % group;
    for (std::int64_t row = 0; row < rows; ++row) {
      column[row * group] = from.data[row * from.stride + i * from.step];
    }
  }
}

/// [rows, size] -> rows `first` on of [kBlock / group][padded][group]: groups of rows interleaved.
template <int group, class Element>
void pack_values(const Rows<Element>& from, std::int64_t first, std::int64_t rows,
                 std::int64_t size, std::int64_t padded, Element* to) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t at = first + row;
    Element* line = to + (at / group) * padded * group + at % group;
    for (std::int64_t i = 0; i < size; ++i) {
      line[i * group] = from.data[row * from.stride + i * from.step];
    }
  }
}

}  // namespace hadal::dao::kernels
