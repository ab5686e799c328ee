#pragma once

#include "hadal/dao/kernels/forward.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

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
  // Whole groups of dense rows are moved at once.
  const std::int64_t whole = from.step == 1 ? size / group : 0;
  for (std::int64_t i = 0; i < whole; ++i) {
    Element* column = to + (i * kBlock + first) * group;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::memcpy(column + row * group, from.data + row * from.stride + i * group,
                  group * sizeof(Element));
    }
  }
  for (std::int64_t i = whole * group; i < size; ++i) {
    Element* column = to + ((i / group) * kBlock + first) * group + i % group;
    for (std::int64_t row = 0; row < rows; ++row) {
      column[row * group] = from.data[row * from.stride + i * from.step];
    }
  }
}

/// Two dense rows of `size` elements, interleaved.
template <class Element>
void zip(const Element* a, const Element* b, std::int64_t size, Element* to) {
  for (std::int64_t i = 0; i < size; ++i) {
    to[2 * i] = a[i];
    to[2 * i + 1] = b[i];
  }
}

/// [rows, size] -> rows `first` on of [kBlock / group][padded][group]: groups of rows interleaved.
template <int group, class Element>
void pack_values(const Rows<Element>& from, std::int64_t first, std::int64_t rows,
                 std::int64_t size, std::int64_t padded, Element* to) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t at = first + row;
    const Element* data = from.data + row * from.stride;
    Element* line = to + (at / group) * padded * group + at % group;
    if constexpr (group == 1) {
      if (from.step == 1) {
        std::copy_n(data, size, line);
        continue;
      }
    } else if (from.step == 1 && at % group == 0 && row + 1 < rows) {
      static_assert(group == 2);
      zip(data, data + from.stride, size, line);
      ++row;
      continue;
    }
    for (std::int64_t i = 0; i < size; ++i) line[i * group] = data[i * from.step];
  }
}

}  // namespace hadal::dao::kernels
