#include "hadal/dao/kernels/pack.h"

#include "hadal/dao/finite.h"
#include "hadal/dao/kernels/forward.h"
#include "hadal/dao/kernels/pack_block.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

namespace hadal::dao::kernels {
namespace {

/// Some tokens of one head.
template <class Element>
Rows<Element> rows_of(const at::Tensor& tensor, std::int64_t batch, std::int64_t head,
                      std::int64_t first) {
  return {static_cast<const Element*>(tensor.const_data_ptr()) + batch * tensor.stride(0) +
              head * tensor.stride(1) + first * tensor.stride(2),
          tensor.stride(2), tensor.stride(3)};
}

/// Calls work(batch, head, first token, tokens, place) for each block of each head.
template <class Work>
void for_each_block(const Segments& segments, std::int64_t heads, const Work& work) {
  const auto& blocks = segments.by_number();
  const auto count = static_cast<std::int64_t>(blocks.size()) * heads;
  at::parallel_for(0, count, 1, [&](auto begin, auto end) {
    for (auto i = begin; i < end; ++i) {
      const auto& [index, block] = blocks[static_cast<std::size_t>(i / heads)];
      const Segment& segment = segments[index];
      const std::int64_t first = block * kBlock;
      work(segment.batch, i % heads, segment.first + first,
           std::min<std::int64_t>(kBlock, segment.tokens - first),
           segment.place(heads, i % heads, block));
    }
  });
}

/// A block of keys and one of values, with zeros where they have none. Returns whether all values
/// are finite.
template <int group, class Element>
bool pack_pair(const Rows<Element>& key, const Rows<Element>& value, std::int64_t rows,
               std::int64_t size, std::int64_t padded, Element* keys, Element* values) {
  const std::int64_t block = kBlock * padded;
  if (rows < kBlock || size < padded) {
    std::fill_n(keys, block, Element{});
    std::fill_n(values, block, Element{});
  }
  pack_keys<group>(key, 0, rows, size, keys);
  pack_values<group>(value, 0, rows, size, padded, values);
  return all_finite(values, block, sizeof(Element) == sizeof(float) ? at::kFloat : at::kBFloat16);
}

template <int group, class Element>
bool pack_all(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
              const Segments& segments, const PackedTensors& packed) {
  auto* keys = static_cast<Element*>(packed.keys.mutable_data_ptr());
  auto* values = static_cast<Element*>(packed.values.mutable_data_ptr());
  std::atomic<bool> finite{true};
  for_each_block(segments, key.size(1),
                 [&](auto batch, auto head, auto first, auto rows, auto place) {
                   const std::int64_t offset = place * kBlock * padded;
                   if (!pack_pair<group>(rows_of<Element>(key, batch, head, first),
                                         rows_of<Element>(value, batch, head, first), rows,
                                         key.size(3), padded, keys + offset, values + offset)) {
                     finite.store(false, std::memory_order_relaxed);
                   }
                 });
  return finite;
}

template <int group, class Element>
bool pack_head(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
               const Segment& segment, std::int64_t head, Element* keys, Element* values) {
  bool finite = true;
  for (std::int64_t first = 0; first < segment.tokens; first += kBlock) {
    const auto rows = [&](const at::Tensor& tensor) {
      return rows_of<Element>(tensor, segment.batch, head, segment.first + first);
    };
    const std::int64_t count = std::min<std::int64_t>(kBlock, segment.tokens - first);
    finite &= pack_pair<group>(rows(key), rows(value), count, key.size(3), padded,
                               keys + first * padded, values + first * padded);
  }
  return finite;
}

template <class Element>
void pack_all_rows(const at::Tensor& tensor, std::int64_t padded, const Segments& segments,
                   const at::Tensor& packed) {
  auto* to = static_cast<Element*>(packed.mutable_data_ptr());
  for_each_block(segments, tensor.size(1),
                 [&](auto batch, auto head, auto first, auto rows, auto place) {
                   // Values in groups of one are rows.
                   pack_values<1>(rows_of<Element>(tensor, batch, head, first), 0, rows,
                                  tensor.size(3), padded, to + place * kBlock * padded);
                 });
}

}  // namespace

PackedTensors pack(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
                   const Segments& segments) {
  const auto make = [&] {
    return at::empty({segments.blocks() * key.size(1), kBlock, padded}, key.options());
  };
  PackedTensors packed{make(), make()};
  packed.finite_values = key.scalar_type() == at::kFloat
                             ? pack_all<1, float>(key, value, padded, segments, packed)
                             : pack_all<2, std::uint16_t>(key, value, padded, segments, packed);
  return packed;
}

bool pack_head(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
               const Segment& segment, std::int64_t head, void* keys, void* values) {
  return key.scalar_type() == at::kFloat
             ? pack_head<1>(key, value, padded, segment, head, static_cast<float*>(keys),
                            static_cast<float*>(values))
             : pack_head<2>(key, value, padded, segment, head, static_cast<std::uint16_t*>(keys),
                            static_cast<std::uint16_t*>(values));
}

at::Tensor pack_rows(const at::Tensor& tensor, std::int64_t padded, const Segments& segments,
                     float fill) {
  const at::Tensor packed =
      at::full({segments.blocks() * tensor.size(1), kBlock, padded}, fill, tensor.options());
  if (tensor.scalar_type() == at::kFloat) {
    pack_all_rows<float>(tensor, padded, segments, packed);
  } else {
    pack_all_rows<std::uint16_t>(tensor, padded, segments, packed);
  }
  return packed;
}

at::Tensor unpack_rows(const at::Tensor& blocks, const at::Tensor& like, const Segments& segments) {
  const at::Tensor rows = at::empty(like.sizes(), blocks.options());
  const auto* from = blocks.const_data_ptr<float>();
  auto* to = rows.mutable_data_ptr<float>();
  for_each_block(
      segments, like.size(1), [&](auto batch, auto head, auto first, auto count, auto place) {
        const Rows<float> block{from + place * blocks.stride(0), blocks.stride(1),
                                blocks.stride(2)};
        float* start = to + batch * rows.stride(0) + head * rows.stride(1) + first * rows.stride(2);
        pack_values<1>(block, 0, count, like.size(3), like.size(3), start);
      });
  return rows.to(like.scalar_type());
}

}  // namespace hadal::dao::kernels
