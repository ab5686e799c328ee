#include "hadal/dao/select/rows.h"

#include <algorithm>
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

/// Fills `choice` from its scores.
void find_candidates(const Problem& problem, const AlwaysKept& always, const Row& row,
                     std::int64_t index, Choice& choice) {
  const auto [first, last] = diagonal(problem, row, index);
  // Compared as distances, which do not overflow for windows of any size.
  const auto is_kept = [&, first = first, last = last](std::int64_t block) {
    return block < always.sinks ||
           (block < first ? first - block <= always.window : block - last <= always.window);
  };
  choice.always.clear();
  choice.candidates.clear();
  for (std::int64_t block = 0; block < row.visible.count; ++block) {
    if (row.real_before != nullptr && row.pairs(block) == 0) continue;
    const auto id = static_cast<std::int32_t>(block);
    if (is_kept(block)) {
      choice.always.push_back(id);
    } else {
      choice.candidates.emplace_back(
          choice.scores.empty() ? 0.0F : choice.scores[static_cast<std::size_t>(block)], id);
    }
  }
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

/// The scores of the visible blocks of a row, the problem's `index`th.
void find_scores(const Problem& problem, const at::Tensor& keys, std::int64_t index,
                 BlockScores& scorer, Choice& choice) {
  const Row row = row_of(problem, index);
  choice.scores.resize(static_cast<std::size_t>(row.visible.count));
  std::vector<char> counts;
  if (row.real_before != nullptr) {
    for (std::int64_t j = 0; j < row.visible.count; ++j) counts.push_back(row.pairs(j) > 0);
  }
  const std::int64_t head = index / problem.query_blocks();
  const std::int64_t kv_head = head / (problem.heads / problem.kv_heads);
  const KeyRun run{keys.const_data_ptr<float>() + kv_head * keys.size(1) * keys.size(2),
                   row.visible.count};
  scorer.find({head, index % problem.query_blocks(), row.queries}, {&run, 1}, counts,
              choice.scores);
}

/// What is always kept and the first `chosen` candidates, ascending.
std::vector<std::int32_t> kept(Choice& choice, std::int64_t chosen, std::int64_t visible) {
  auto& is_kept = choice.is_kept;
  is_kept.assign(static_cast<std::size_t>(visible), 0);
  for (const std::int32_t block : choice.always) is_kept[static_cast<std::size_t>(block)] = 1;
  for (std::int64_t i = 0; i < chosen; ++i) {
    is_kept[static_cast<std::size_t>(choice.candidates[static_cast<std::size_t>(i)].block())] = 1;
  }
  std::vector<std::int32_t> result(choice.always.size() + static_cast<std::size_t>(chosen));
  auto to = result.begin();
  for (std::size_t block = 0; block < is_kept.size() && to != result.end(); ++block) {
    *to = static_cast<std::int32_t>(block);
    to += is_kept[block];
  }
  return result;
}

}  // namespace

std::int64_t Row::pairs(std::int64_t block) const {
  const std::int64_t begin = block * kBlockSize;
  const std::int64_t end = std::min(keys, begin + kBlockSize);
  if (end <= visible.first_limit) return queries * real(begin, end);
  std::int64_t result = 0;
  for (std::int64_t r = 0; r < queries; ++r) {
    const std::int64_t limit = visible.first_limit + r * visible.limit_step;
    if (limit > begin) result += real(begin, std::min(limit, end));
  }
  return result;
}

std::int64_t Row::pairs() const {
  std::int64_t result = 0;
  for (std::int64_t r = 0; r < queries; ++r) {
    const std::int64_t limit = visible.first_limit + r * visible.limit_step;
    result += real(0, std::clamp<std::int64_t>(limit, 0, keys));
  }
  return result;
}

Row row_of(const Problem& problem, std::int64_t index) {
  const std::int64_t blocks = problem.query_blocks();
  const std::int64_t first = index % blocks * kBlockSize;
  const std::int64_t queries = std::min(kBlockSize, problem.queries - first);
  return {
      queries, problem.keys, problem.real.before(index / blocks / problem.heads),
      visible_blocks(nullptr, 0, first, queries, problem.queries, problem.keys, problem.causal)};
}

std::vector<std::int32_t> choose_row(const Problem& problem, const AlwaysKept& always,
                                     std::int64_t item, Choice& choice, const Choose& choose) {
  const Row row = row_of(problem, item);
  find_candidates(problem, always, row, item % problem.query_blocks(), choice);
  return kept(choice, choose(row, choice), row.visible.count);
}

BlockLists choose_rows(const Problem& problem, const AlwaysKept& always,
                       const BlockFeatures& features, const Choose& choose) {
  std::vector<std::vector<std::int32_t>> lists(static_cast<std::size_t>(problem.rows()));
  at::parallel_for(0, problem.rows(), 4, [&](auto begin, auto end) {
    Choice choice;
    const bool has_scores = features.key.defined();
    BlockScores scorer(features.query, has_scores ? features.key.size(2) : 0);
    for (auto item = begin; item < end; ++item) {
      if (has_scores) find_scores(problem, features.key, item, scorer, choice);
      lists[static_cast<std::size_t>(item)] = choose_row(problem, always, item, choice, choose);
    }
  });
  return joined(lists);
}

}  // namespace hadal::dao
