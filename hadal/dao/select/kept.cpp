#include "hadal/dao/select/kept.h"

#include "hadal/core/error.h"
#include "hadal/dao/select/rows.h"

#include <algorithm>

namespace hadal::dao {
namespace {

[[noreturn]] void refuse(const std::string& expected) {
  throw InvalidArgument(concat("kept_fraction: expected ", expected));
}

void require(bool holds, const std::string& expected) {
  if (!holds) refuse(expected);
}

void check(const BlockLists& lists, std::int64_t queries, std::int64_t keys) {
  require(queries >= 0 && keys >= 0,
          concat("numbers of queries and keys of 0 or more, got ", queries, " and ", keys));
  const auto is_list = [](const at::Tensor& x, at::ScalarType type) {
    return x.defined() && x.scalar_type() == type && x.is_cpu() && x.is_contiguous() &&
           x.dim() == 1;
  };
  require(is_list(lists.offsets, at::kLong) && is_list(lists.blocks, at::kInt),
          "offsets int64 [rows + 1] and blocks int32 [n], contiguous on the CPU");
  require(lists.offsets.size(0) > 0, "offsets of 1 or more");
}

/// The problem that `rows` rows of lists belong to, with all heads of a batch entry as one batch.
Problem problem_of(std::int64_t rows, std::int64_t queries, std::int64_t keys, bool causal,
                   const std::optional<at::Tensor>& mask) {
  const std::int64_t blocks = blocks_of(queries);
  const std::int64_t batch = mask && mask->defined() && mask->dim() == 2 ? mask->size(0) : 1;
  require(batch == 0 || blocks == 0 ? rows == 0 : rows % batch == 0 && rows / batch % blocks == 0,
          concat("a row for each of ", blocks, " query blocks of each head of a batch of ", batch,
                 ", got ", rows, " rows"));
  require(!mask || (mask->defined() && mask->scalar_type() == at::kBool && mask->is_cpu() &&
                    mask->dim() == 2 && mask->size(1) == keys),
          concat("key_mask bool [batch, ", keys, "] on the CPU"));
  const std::int64_t heads = rows == 0 ? 0 : rows / batch / blocks;
  return {batch, heads, 1, queries, keys, causal, RealKeys(mask)};
}

}  // namespace

double kept_fraction(const BlockLists& lists, std::int64_t queries, std::int64_t keys, bool causal,
                     const std::optional<at::Tensor>& key_mask) {
  check(lists, queries, keys);
  const Problem problem = problem_of(lists.offsets.size(0) - 1, queries, keys, causal, key_mask);
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  std::int64_t kept = 0;
  std::int64_t visible = 0;
  for (std::int64_t i = 0; i < problem.rows(); ++i) {
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > lists.blocks.size(0)) {
      refuse(concat("offsets that rise from 0 to ", lists.blocks.size(0), ", got ", offsets[i],
                    " and ", offsets[i + 1], " at row ", i));
    }
    const Row row = row_of(problem, i);
    visible += row.pairs();
    for (std::int64_t j = offsets[i]; j < offsets[i + 1]; ++j) {
      if (blocks[j] < 0 || blocks[j] * kBlockSize >= keys) {
        refuse(concat("blocks of ", keys, " keys, got block ", blocks[j]));
      }
      kept += row.pairs(blocks[j]);
    }
  }
  return visible == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(visible);
}

}  // namespace hadal::dao
