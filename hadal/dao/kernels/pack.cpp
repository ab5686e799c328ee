#include "hadal/dao/kernels/pack.h"

#include "hadal/dao/block_lists.h"
#include "hadal/dao/kernels/pack_block.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao::kernels {
namespace {

/// Where a head's rows lie.
template <class Element>
Rows<Element> rows_of(const at::Tensor& tensor, std::int64_t head) {
  const auto heads = tensor.size(1);
  return {static_cast<const Element*>(tensor.const_data_ptr()) + (head / heads) * tensor.stride(0) +
              (head % heads) * tensor.stride(1),
          tensor.stride(2), tensor.stride(3)};
}

template <int group, class Element>
void pack_all(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
              const PackedTensors& packed) {
  const std::int64_t keys = key.size(2);
  const std::int64_t size = key.size(3);
  const std::int64_t blocks = blocks_of(keys);
  auto* key_data = static_cast<Element*>(packed.keys.mutable_data_ptr());
  auto* value_data = static_cast<Element*>(packed.values.mutable_data_ptr());
  at::parallel_for(0, key.size(0) * key.size(1) * blocks, 1, [&](auto begin, auto end) {
    for (auto item = begin; item < end; ++item) {
      const std::int64_t first = item % blocks * kBlock;
      const auto block_of = [&](const at::Tensor& tensor) {
        Rows<Element> rows = rows_of<Element>(tensor, item / blocks);
        rows.data += first * rows.stride;
        return rows;
      };
      const std::int64_t rows = std::min<std::int64_t>(kBlock, keys - first);
      const std::int64_t offset = item * kBlock * padded;
      pack_keys<group>(block_of(key), 0, rows, size, key_data + offset);
      pack_values<group>(block_of(value), 0, rows, size, padded, value_data + offset);
    }
  });
}

}  // namespace

PackedTensors pack(const at::Tensor& key, const at::Tensor& value, std::int64_t padded) {
  const std::int64_t blocks = blocks_of(key.size(2));
  const std::int64_t head_elements = blocks * kBlock * padded;
  // Zeros, of which the padding keeps some.
  const auto make = [&] {
    return at::zeros({key.size(0) * key.size(1) * head_elements}, key.options());
  };
  PackedTensors packed{make(), make(), head_elements};
  if (key.scalar_type() == at::kFloat) {
    pack_all<1, float>(key, value, padded, packed);
  } else {
    pack_all<2, std::uint16_t>(key, value, padded, packed);
  }
  return packed;
}

}  // namespace hadal::dao::kernels
