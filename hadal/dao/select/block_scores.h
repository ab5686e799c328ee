#pragma once

#include "hadal/dao/select/scorer.h"

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// A scorer's numbers of some queries, with how they make scores.
struct QueryFeatures {
  at::Tensor numbers;  ///< BlockScorer::query_features()
  Scoring scoring = Scoring::pooled;
};

/// The numbers of `count` blocks of keys that lie one after another.
struct KeyRun {
  const float* features;
  std::int64_t count;
};

/// One block of queries of one head.
struct QueryBlock {
  std::int64_t head;   ///< of all in the batch
  std::int64_t block;  ///< of its queries
  std::int64_t rows;   ///< queries that it has
};

/// Scores blocks of keys by blocks of queries, one after another; it has memory for that, so each
/// thread needs one of its own.
class BlockScores {
 public:
  /// `features` numbers describe a block of keys.
  BlockScores(const QueryFeatures& query, std::int64_t features)
      : query_(query), features_(features) {}

  /// Fills `scores` with those of the runs' blocks, as many as it has. Blocks for which `counts`
  /// is false (none where it is empty) have no share of any query and score -infinity, or what
  /// their numbers give where queries are pooled.
  void find(const QueryBlock& query, std::span<const KeyRun> runs, std::span<const char> counts,
            std::span<float> scores);

 private:
  void find_each(const QueryBlock& query, std::span<const KeyRun> runs,
                 std::span<const char> counts, std::span<float> scores);
  void multiply_one(const QueryBlock& query, std::span<const KeyRun> runs);
  void multiply(const QueryBlock& query, std::span<const KeyRun> runs);
  void place_queries(const QueryBlock& query);

  const QueryFeatures& query_;
  std::int64_t features_;
  std::vector<float> queries_, products_;
};

}  // namespace hadal::dao
