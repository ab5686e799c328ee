#include "hadal/dao/decode/page_memory.h"

#include "hadal/core/error.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/kernels/pack_block.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

namespace hadal::dao {
namespace {

using kernels::Rows;

/// Elements of keys and values that are packed side by side.
constexpr int kPair = 2;

at::ScalarType stored(at::ScalarType type) { return type == at::kBFloat16 ? type : at::kFloat; }

template <class Element>
Rows<Element> rows_of(const TokenRows& rows) {
  return {static_cast<const Element*>(rows.data), rows.stride, rows.step};
}

template <int group, class Element>
void write_head(void* to, std::int64_t first, std::int64_t count, std::int64_t head_dim,
                std::int64_t padded, const TokenRows& key, const TokenRows& value) {
  auto* keys = static_cast<Element*>(to);
  kernels::pack_keys<group>(rows_of<Element>(key), first, count, head_dim, keys);
  kernels::pack_values<group>(rows_of<Element>(value), first, count, head_dim, padded,
                              keys + kBlockSize * padded);
}

template <int group, class Element>
void read_keys(const void* from, std::int64_t count, std::int64_t head_dim, void* to) {
  const auto* keys = static_cast<const Element*>(from);
  auto* rows = static_cast<Element*>(to);
  for (std::int64_t i = 0; i < head_dim; ++i) {
    const Element* column = keys + i / group * kBlockSize * group + i % group;
    for (std::int64_t row = 0; row < count; ++row) rows[row * head_dim + i] = column[row * group];
  }
}

/// Refuses sizes whose bytes a 64-bit number does not hold.
void check_bytes(std::int64_t pages, std::int64_t page_bytes) {
  if (page_bytes <= std::numeric_limits<std::int64_t>::max() / pages) return;
  throw InvalidArgument(concat("kv cache: expected memory of less than 2^63 bytes, got ", pages,
                               " pages of ", page_bytes),
                        "use fewer pages");
}

}  // namespace

PageMemory::PageMemory(const KvCacheOptions& options)
    : kv_heads_(options.kv_heads),
      head_dim_(options.head_dim),
      padded_(padded_head(options.head_dim)) {
  const std::int64_t features = options.scorer ? options.scorer->features(head_dim_) : 0;
  const auto type = stored(options.type);
  const auto element = static_cast<std::int64_t>(c10::elementSize(type));
  check_bytes(options.pages, page_elements() * element + kv_heads_ * features * 4);
  try {
    pages_ = at::empty({options.pages, page_elements()}, type);
    features_ = at::zeros({kv_heads_, options.pages, features}, at::kFloat);
  } catch (const c10::Error&) {
    throw InvalidArgument(concat("kv cache: cannot get the memory of ", options.pages, " pages of ",
                                 page_elements() * element, " bytes"),
                          "use fewer pages");
  }
}

const void* PageMemory::head(std::int64_t head) const {
  return static_cast<const char*>(pages_.const_data_ptr()) +
         head * head_elements() * pages_.element_size();
}

float* PageMemory::features(std::int64_t head, std::int32_t page) const {
  return features_.mutable_data_ptr<float>() +
         (head * features_.size(1) + page) * features_.size(2);
}

void PageMemory::clear(std::int32_t page) {
  const auto bytes = static_cast<std::size_t>(page_elements() * pages_.element_size());
  std::memset(
      static_cast<char*>(pages_.mutable_data_ptr()) + static_cast<std::size_t>(page) * bytes, 0,
      bytes);
}

void PageMemory::copy(std::int32_t from, std::int32_t to) {
  const auto bytes = static_cast<std::size_t>(page_elements() * pages_.element_size());
  auto* data = static_cast<char*>(pages_.mutable_data_ptr());
  std::memcpy(data + static_cast<std::size_t>(to) * bytes,
              data + static_cast<std::size_t>(from) * bytes, bytes);
}

void PageMemory::write(std::int64_t head, std::int32_t page, std::int64_t first, std::int64_t count,
                       const TokenRows& key, const TokenRows& value) {
  auto* to = static_cast<char*>(pages_.mutable_data_ptr()) +
             (page * page_elements() + head * head_elements()) * pages_.element_size();
  if (type() == at::kFloat) {
    write_head<1, float>(to, first, count, head_dim_, padded_, key, value);
  } else {
    write_head<kPair, std::uint16_t>(to, first, count, head_dim_, padded_, key, value);
  }
}

at::Tensor PageMemory::keys(std::int32_t page, std::int64_t tokens) const {
  at::Tensor result = at::empty({kv_heads_, tokens, head_dim_}, type());
  const std::int64_t element = pages_.element_size();
  for (std::int64_t h = 0; h < kv_heads_; ++h) {
    const auto* from = static_cast<const char*>(head(h)) + page * page_elements() * element;
    auto* to = static_cast<char*>(result.mutable_data_ptr()) + h * tokens * head_dim_ * element;
    if (type() == at::kFloat) {
      read_keys<1, float>(from, tokens, head_dim_, to);
    } else {
      read_keys<kPair, std::uint16_t>(from, tokens, head_dim_, to);
    }
  }
  return result;
}

}  // namespace hadal::dao
