#include "hadal/dao/select/kept.h"

#include "hadal/core/error.h"
#include "hadal/dao/select/rows.h"

#include <algorithm>

namespace hadal::dao {
namespace {

void check(const BlockLists& lists, const Problem& problem) {
  const auto require = [](bool holds, const std::string& expected) {
    if (!holds) throw InvalidArgument(concat("kept_fraction: expected ", expected));
  };
  require(problem.queries >= 0 && problem.keys >= 0,
          concat("numbers of queries and keys of 0 or more, got ", problem.queries, " and ",
                 problem.keys));
  const auto is_list = [](const at::Tensor& x, at::ScalarType type) {
    return x.defined() && x.scalar_type() == type && x.is_cpu() && x.is_contiguous() &&
           x.dim() == 1;
  };
  require(is_list(lists.offsets, at::kLong) && is_list(lists.blocks, at::kInt),
          "offsets int64 [rows + 1] and blocks int32 [n], contiguous on the CPU");
  const std::int64_t rows = lists.offsets.size(0) - 1;
  const std::int64_t blocks = problem.query_blocks();
  require(rows >= 0 && (blocks == 0 ? rows == 0 : rows % blocks == 0),
          concat("a row for each of ", blocks, " query blocks of each head, got ", rows, " rows"));
}

}  // namespace

double kept_fraction(const BlockLists& lists, std::int64_t queries, std::int64_t keys,
                     bool causal) {
  const Problem problem{1, 1, 1, queries, keys, causal};
  check(lists, problem);
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  std::int64_t kept = 0;
  std::int64_t visible = 0;
  for (std::int64_t i = 0; i + 1 < lists.offsets.size(0); ++i) {
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > lists.blocks.size(0)) {
      throw InvalidArgument(concat("kept_fraction: expected offsets that rise from 0 to ",
                                   lists.blocks.size(0), ", got ", offsets[i], " and ",
                                   offsets[i + 1], " at row ", i));
    }
    const Row row = row_of(problem, i % problem.query_blocks());
    visible += row.pairs();
    for (std::int64_t j = offsets[i]; j < offsets[i + 1]; ++j) {
      if (blocks[j] < 0 || blocks[j] * kBlockSize >= keys) {
        throw InvalidArgument(
            concat("kept_fraction: expected blocks of ", keys, " keys, got block ", blocks[j]));
      }
      kept += row.pairs(blocks[j]);
    }
  }
  return visible == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(visible);
}

}  // namespace hadal::dao
