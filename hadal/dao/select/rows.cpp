#include "hadal/dao/select/rows.h"

#include "hadal/dao/select/block_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace {

/// The first and the last block that hold positions of the row's queries.
std::pair<std::int64_t, std::int64_t> diagonal(const Problem& problem, const Row& row,
                                               std::int64_t index) {
  const auto block_of = [&](std::int64_t query) {
    const std::int64_t position = query + problem.keys - problem.queries;
    return std::max<std::int64_t>(0, std::min(position, problem.keys - 1)) / kBlockSize;
  };
  const std::int64_t first = index * kBlockSize;
  return {block_of(first), block_of(first + row.queries - 1)};
}

Choice choice_of(const Problem& problem, const AlwaysKept& always, const Row& row,
                 std::int64_t index, std::span<const float> scores) {
  const auto [first, last] = diagonal(problem, row, index);
  // Compared as distances, which do not overflow for windows of any size.
  const auto is_kept = [&, first = first, last = last](std::int64_t block) {
    return block < always.sinks ||
           (block < first ? first - block <= always.window : block - last <= always.window);
  };
  Choice choice;
  choice.candidates.reserve(static_cast<std::size_t>(row.visible.count));
  for (std::int64_t block = 0; block < row.visible.count; ++block) {
    const auto id = static_cast<std::int32_t>(block);
    if (is_kept(block)) {
      choice.always.push_back(id);
    } else {
      const float score = scores.empty() ? 0 : scores[static_cast<std::size_t>(block)];
      choice.candidates.push_back(
          {std::isnan(score) ? std::numeric_limits<float>::infinity() : score, id});
    }
  }
  return choice;
}

BlockLists joined(const std::vector<std::vector<std::int32_t>>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  BlockLists lists{.offsets = at::empty({count + 1}, at::kLong), .blocks = {}};
  auto* offsets = lists.offsets.mutable_data_ptr<std::int64_t>();
  *offsets = 0;
  for (const auto& row : rows) {
    offsets[1] = offsets[0] + static_cast<std::int64_t>(row.size());
    ++offsets;
  }
  lists.blocks = at::empty({*offsets}, at::kInt);
  auto* to = lists.blocks.mutable_data_ptr<std::int32_t>();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return lists;
}

/// The scores of the row's visible blocks into `buffer`; none without features.
std::span<const float> scores_of(const Problem& problem, const BlockFeatures& features,
                                 std::int64_t item, std::int64_t count,
                                 std::vector<float>& buffer) {
  if (!features.query.defined()) return {};
  buffer.resize(static_cast<std::size_t>(count));
  const std::int64_t head = item / problem.query_blocks();
  const std::int64_t kv_head = head / (problem.heads / problem.kv_heads);
  const std::int64_t size = features.query.size(2);
  score_blocks(features.query.const_data_ptr<float>() + item * size,
               features.key.const_data_ptr<float>() + kv_head * features.key.size(1) * size, count,
               size, buffer.data());
  return buffer;
}

}  // namespace

std::int64_t Row::pairs(std::int64_t block) const {
  if ((block + 1) * kBlockSize <= std::min(keys, visible.first_limit)) {
    return queries * kBlockSize;
  }
  std::int64_t result = 0;
  for (std::int64_t r = 0; r < queries; ++r) {
    const std::int64_t limit = std::min(keys, visible.first_limit + r * visible.limit_step);
    result += std::clamp<std::int64_t>(limit - block * kBlockSize, 0, kBlockSize);
  }
  return result;
}

std::int64_t Row::pairs() const {
  std::int64_t result = 0;
  for (std::int64_t r = 0; r < queries; ++r) {
    result += std::clamp<std::int64_t>(visible.first_limit + r * visible.limit_step, 0, keys);
  }
  return result;
}

Row row_of(const Problem& problem, std::int64_t index) {
  const std::int64_t first = index * kBlockSize;
  const std::int64_t queries = std::min(kBlockSize, problem.queries - first);
  return {
      queries, problem.keys,
      visible_blocks(nullptr, 0, first, queries, problem.queries, problem.keys, problem.causal)};
}

std::vector<std::int32_t> choose_row(const Problem& problem, const AlwaysKept& always,
                                     std::int64_t index, std::span<const float> scores,
                                     const Choose& choose) {
  const Row row = row_of(problem, index);
  Choice choice = choice_of(problem, always, row, index, scores);
  const std::int64_t chosen = choose(row, choice, scores);
  for (std::int64_t i = 0; i < chosen; ++i) {
    choice.always.push_back(choice.candidates[static_cast<std::size_t>(i)].block);
  }
  std::sort(choice.always.begin(), choice.always.end());
  return std::move(choice.always);
}

BlockLists choose_rows(const Problem& problem, const AlwaysKept& always,
                       const BlockFeatures& features, const Choose& choose) {
  const std::int64_t blocks = problem.query_blocks();
  const std::int64_t rows = problem.batch * problem.heads * blocks;
  std::vector<std::vector<std::int32_t>> kept(static_cast<std::size_t>(rows));
  at::parallel_for(0, rows, 4, [&](auto begin, auto end) {
    std::vector<float> buffer;
    for (auto item = begin; item < end; ++item) {
      const std::int64_t index = item % blocks;
      const std::int64_t visible = row_of(problem, index).visible.count;
      const auto scores = scores_of(problem, features, item, visible, buffer);
      kept[static_cast<std::size_t>(item)] = choose_row(problem, always, index, scores, choose);
    }
  });
  return joined(kept);
}

}  // namespace hadal::dao
