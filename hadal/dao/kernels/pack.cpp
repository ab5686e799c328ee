#include "hadal/dao/kernels/pack.h"

#include "hadal/dao/kernels/forward.h"
#include "hadal/dao/kernels/pack_block.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

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

template <int group, class Element>
void pack_all(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
              const Segments& segments, const PackedTensors& packed) {
  auto* keys = static_cast<Element*>(packed.keys.mutable_data_ptr());
  auto* values = static_cast<Element*>(packed.values.mutable_data_ptr());
  const std::int64_t size = key.size(3);
  for_each_block(
      segments, key.size(1), [&](auto batch, auto head, auto first, auto rows, auto place) {
        const std::int64_t offset = place * kBlock * padded;
        pack_keys<group>(rows_of<Element>(key, batch, head, first), 0, rows, size, keys + offset);
        pack_values<group>(rows_of<Element>(value, batch, head, first), 0, rows, size, padded,
                           values + offset);
      });
}

template <int group, class Element>
void pack_head(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
               const Segment& segment, std::int64_t head, Element* keys, Element* values) {
  const std::int64_t block = kBlock * padded;
  std::fill_n(keys, segment.blocks() * block, Element{});
  std::fill_n(values, segment.blocks() * block, Element{});
  const auto rows = [&](const at::Tensor& tensor, std::int64_t first) {
    return rows_of<Element>(tensor, segment.batch, head, segment.first + first);
  };
  for (std::int64_t first = 0; first < segment.tokens; first += kBlock) {
    const std::int64_t count = std::min<std::int64_t>(kBlock, segment.tokens - first);
    const std::int64_t offset = first / kBlock * block;
    pack_keys<group>(rows(key, first), 0, count, key.size(3), keys + offset);
    pack_values<group>(rows(value, first), 0, count, key.size(3), padded, values + offset);
  }
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
  // Zeros, of which the padding keeps some.
  const auto make = [&] {
    return at::zeros({segments.blocks() * key.size(1), kBlock, padded}, key.options());
  };
  PackedTensors packed{make(), make()};
  if (key.scalar_type() == at::kFloat) {
    pack_all<1, float>(key, value, padded, segments, packed);
  } else {
    pack_all<2, std::uint16_t>(key, value, padded, segments, packed);
  }
  return packed;
}

void pack_head(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
               const Segment& segment, std::int64_t head, void* keys, void* values) {
  if (key.scalar_type() == at::kFloat) {
    pack_head<1>(key, value, padded, segment, head, static_cast<float*>(keys),
                 static_cast<float*>(values));
  } else {
    pack_head<2>(key, value, padded, segment, head, static_cast<std::uint16_t*>(keys),
                 static_cast<std::uint16_t*>(values));
  }
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
