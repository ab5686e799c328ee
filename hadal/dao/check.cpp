#include "hadal/dao/check.h"

#include "hadal/core/error.h"

#include <cmath>

#include <ATen/ops/equal.h>

namespace hadal::dao {
namespace {

constexpr std::int64_t kLargestHead = 256;

std::string described(const at::Tensor& tensor) {
  return concat(tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device());
}

void check_inputs(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const auto require = [&](bool holds, const std::string& expected) {
    if (holds) return;
    throw InvalidArgument(concat("attention: expected ", expected, ", got query ", described(query),
                                 ", key ", described(key), ", value ", described(value)));
  };
  const auto type = query.scalar_type();
  require(query.dim() == 4 && key.dim() == 4 && value.dim() == 4,
          "[batch, heads, tokens, head_dim] each");
  require(type == at::kFloat || type == at::kBFloat16 || type == at::kHalf, "fp32, bf16 or fp16");
  require(key.scalar_type() == type && value.scalar_type() == type, "one type");
#if defined(HADAL_CUDA)
  require((query.is_cpu() || query.is_cuda()) && key.device() == query.device() &&
              value.device() == query.device(),
          "tensors on the CPU or on one CUDA device");
#else
  require(query.is_cpu() && key.is_cpu() && value.is_cpu(), "tensors on the CPU");
#endif
  require(key.sizes() == value.sizes(), "key and value of one shape");
  require(key.size(0) == query.size(0), "one batch size");
  require(key.size(3) == query.size(3) && query.size(3) >= 1 && query.size(3) <= kLargestHead,
          concat("one head_dim from 1 to ", kLargestHead));
  require(key.size(1) >= 1 && query.size(1) % key.size(1) == 0, "kv_heads that divide heads");
}

void check_key_mask(const at::Tensor& mask, std::int64_t batch, std::int64_t keys) {
  if (mask.defined() && mask.scalar_type() == at::kBool && mask.is_cpu() &&
      mask.sizes() == at::IntArrayRef{batch, keys}) {
    return;
  }
  throw InvalidArgument(
      concat("attention: expected key_mask Bool [", batch, ", ", keys, "] on cpu, got ",
             mask.defined() ? described(mask) : "an undefined tensor"),
      "key_mask is [batch, keys] and true where a key is real");
}

void require(bool holds, const std::string& expected) {
  if (!holds) throw InvalidArgument(concat("attention: expected ", expected));
}

/// `block` to `end` are a row of lists for `key_blocks` blocks of keys.
void check_row(const std::int32_t* block, const std::int32_t* end, std::int64_t key_blocks,
               std::int64_t row) {
  for (std::int64_t before = -1; block != end; before = *block++) {
    if (*block > before && *block < key_blocks) continue;
    require(false,
            concat("lists.blocks that rise from 0 to ", key_blocks - 1, " within row ", row));
  }
}

}  // namespace

void check_lists(const BlockLists& lists, const Sequences& sequences, std::int64_t heads) {
  const auto& [offsets, blocks] = lists;
  const std::int64_t rows = sequences.queries.blocks() * heads;
  require(
      offsets.defined() && offsets.scalar_type() == at::kLong && offsets.is_cpu() &&
          offsets.is_contiguous() && offsets.dim() == 1 && offsets.size(0) == rows + 1,
      concat("lists.offsets int64 [", rows + 1, "] (a row a query block, and one), contiguous"));
  require(blocks.defined() && blocks.scalar_type() == at::kInt && blocks.is_cpu() &&
              blocks.is_contiguous() && blocks.dim() == 1,
          "lists.blocks int32 [n], contiguous");
  const auto* offset = offsets.const_data_ptr<std::int64_t>();
  const auto* block = blocks.const_data_ptr<std::int32_t>();
  require(offset[0] == 0 && offset[rows] == blocks.size(0),
          "lists.offsets from 0 to the number of blocks");
  for (std::size_t s = 0; s < sequences.queries.size(); ++s) {
    const Segment& queries = sequences.queries[s];
    const std::int64_t end = queries.place(heads, heads, 0);
    for (std::int64_t row = queries.place(heads, 0, 0); row < end; ++row) {
      if (offset[row] > offset[row + 1] || offset[row + 1] > blocks.size(0)) {
        require(false, concat("lists.offsets that rise, at row ", row));
      }
      check_row(block + offset[row], block + offset[row + 1], sequences.keys[s].blocks(), row);
    }
  }
}

void check_defined(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  if (query.defined() && key.defined() && value.defined()) return;
  throw InvalidArgument("attention: expected query, key and value, got an undefined tensor");
}

void check_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  check_defined(query, key, value);
  check_inputs(query, key, value);
  if (options.scale && !(*options.scale > 0 && std::isfinite(*options.scale))) {
    throw InvalidArgument(concat("attention: expected a positive scale, got ", *options.scale));
  }
  if (options.key_mask) check_key_mask(*options.key_mask, key.size(0), key.size(2));
  if (lists) check_lists(*lists, batch_sequences(query, key), query.size(1));
}

}  // namespace hadal::dao
