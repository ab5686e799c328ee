#include "hadal/dao/select/block_scores.h"

#include "hadal/core/isa.h"
#include "hadal/dao/select/block_features.h"
#include "hadal/dao/select/each_query.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hadal::dao {

HADAL_ISA_DECLARE(void query_products(const QueryProducts& task);
                  void largest_shares(float* products, std::int64_t queries, std::int64_t count,
                                      float* out);)

namespace {

constexpr IsaTable kProducts = HADAL_ISA_TABLE(query_products);
constexpr IsaTable kShares = HADAL_ISA_TABLE(largest_shares);

constexpr std::size_t kLanes = kQueryLanes;

/// The logit of a share, kept finite where it is 1 after rounding.
float logit(float share) {
  return std::log(share / std::max(1 - share, std::numeric_limits<float>::epsilon()));
}

}  // namespace

void BlockScores::find(const QueryBlock& query, std::span<const KeyRun> runs,
                       std::span<const char> counts, std::span<float> scores) {
  if (query_.scoring == Scoring::each_query) return find_each(query, runs, counts, scores);
  const float* numbers = query_.numbers.const_data_ptr<float>() +
                         (query.head * query_.numbers.size(1) + query.block) * features_;
  float* to = scores.data();
  for (const KeyRun& run : runs) {
    score_blocks(numbers, run.features, run.count, features_, to);
    to += run.count;
  }
}

void BlockScores::place_queries(const QueryBlock& query) {
  const std::int64_t size = query_.numbers.size(2);
  queries_.resize(static_cast<std::size_t>(2 * size) * kLanes);
  const float* from = query_.numbers.const_data_ptr<float>() +
                      (query.head * query_.numbers.size(1) + query.block * kQueryLanes) * size;
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t row = 0; row < kQueryLanes; ++row) {
      const float x = row < query.rows ? from[row * size + i] : 0;
      queries_[static_cast<std::size_t>(i * kQueryLanes + row)] = x;
      queries_[static_cast<std::size_t>((size + i) * kQueryLanes + row)] = std::abs(x);
    }
  }
}

/// The products of one query alone, which would leave most lanes empty.
void BlockScores::multiply_one(const QueryBlock& query, std::span<const KeyRun> runs) {
  const std::int64_t size = query_.numbers.size(2);
  queries_.assign(static_cast<std::size_t>(features_), 0);
  const float* from = query_.numbers.const_data_ptr<float>() +
                      (query.head * query_.numbers.size(1) + query.block * kQueryLanes) * size;
  for (std::int64_t i = 0; i < size; ++i) {
    queries_[static_cast<std::size_t>(i)] = from[i];
    queries_[static_cast<std::size_t>(size + i)] = std::abs(from[i]);
  }
  auto to = products_.begin();
  std::vector<float> of_run;
  for (const KeyRun& run : runs) {
    of_run.resize(static_cast<std::size_t>(run.count));
    score_blocks(queries_.data(), run.features, run.count, features_, of_run.data());
    for (const float product : of_run) {
      *to = product;
      to += kLanes;
    }
  }
}

void BlockScores::multiply(const QueryBlock& query, std::span<const KeyRun> runs) {
  place_queries(query);
  QueryProducts task{.queries = queries_.data(),
                     .keys = nullptr,
                     .lanes = (query.rows + kQueryStep - 1) / kQueryStep * kQueryStep,
                     .count = 0,
                     .stride = features_,
                     .depth = 2 * query_.numbers.size(2),
                     .products = products_.data()};
  for (const KeyRun& run : runs) {
    task.keys = run.features;
    task.count = run.count;
    kProducts.best()(task);
    task.products += run.count * kQueryLanes;
  }
}

void BlockScores::find_each(const QueryBlock& query, std::span<const KeyRun> runs,
                            std::span<const char> counts, std::span<float> scores) {
  if (scores.empty()) return;
  products_.resize(scores.size() * kLanes);
  query.rows == 1 ? multiply_one(query, runs) : multiply(query, runs);
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (counts[j] != 0) continue;
    std::fill_n(products_.begin() + static_cast<std::ptrdiff_t>(j * kLanes), kLanes,
                -std::numeric_limits<float>::infinity());
  }
  kShares.best()(products_.data(), query.rows, static_cast<std::int64_t>(scores.size()),
                 scores.data());
  for (float& score : scores) score = logit(score);
}

}  // namespace hadal::dao
