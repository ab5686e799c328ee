#include "hadal/bench/cases/nlp/summary_tasks.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/flops.h"
#include "hadal/core/random.h"
#include "hadal/core/statistics.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/flops.h"
#include "hadal/dao/select/kept.h"
#include "hadal/dao/select/selector.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include <ATen/ops/zeros_like.h>

namespace hadal::bench::summarize_dao_keep30 {
namespace {

constexpr double kKeep = 0.30;
// Articles have 4 to 30 blocks: a sink and a window would take more than the budget of most.
constexpr dao::AlwaysKept kAlways{.sinks = 0, .window = 0};
const dao::AttentionOptions kOptions{.causal = false};

/// Sums over calls of attention.
struct Meter {
  double dense_flops = 0;
  double flops = 0;  ///< of the kept blocks and of choosing them
  double pairs = 0;
  double kept_pairs = 0;
};

/// Attention over the best 30 % of pairs of blocks; `meter`, where there is one, must outlive it.
models::AttentionFunction sparse_attention(Meter* meter = nullptr) {
  return
      [meter, selector = dao::PooledTopK({.keep = kKeep, .always = kAlways})](
          const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, std::int64_t) {
        const dao::BlockLists lists = selector.select(query, key, kOptions);
        if (meter != nullptr) {
          const std::int64_t tokens = query.size(2);
          const auto pairs = static_cast<double>(query.size(1) * tokens * tokens);
          meter->dense_flops += 4 * pairs * static_cast<double>(query.size(3));
          meter->flops += dao::forward_flops(query, key, lists, kOptions).executed +
                          selector.flops(query, key, kOptions);
          meter->pairs += pairs;
          meter->kept_pairs += pairs * dao::kept_fraction(lists, tokens, tokens, kOptions.causal);
        }
        return dao::attention(query, key, value, lists, kOptions).output;
      };
}

at::Tensor no_attention(const at::Tensor&, const at::Tensor&, const at::Tensor& value,
                        std::int64_t) {
  return at::zeros_like(value);
}

/// Part of the articles, and rankers that have not seen them.
struct Fold {
  std::vector<std::size_t> articles;
  models::SentenceRanker dense{nullptr};
  models::SentenceRanker sparse{nullptr};  ///< trained with sparse attention; not in quick runs
};

struct Experiment {
  SummaryTasks input;
  std::vector<Fold> folds;
  std::uint64_t seed;
};

Experiment run_experiment(const Context& context) {
  Experiment experiment{summary_tasks(context), {}, context.seed};
  const auto& tasks = experiment.input.tasks;
  const bool quick = context.scale == Scale::quick;
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), 0);
  Random(context.seed, "summary folds").shuffle(order);
  experiment.folds.resize(quick ? 2 : 5);
  for (std::size_t f = 0; f < experiment.folds.size(); ++f) {
    Fold& fold = experiment.folds[f];
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < order.size(); ++i) {
      (i % experiment.folds.size() == f ? fold.articles : others).push_back(order[i]);
    }
    const RankerTraining training{.epochs = quick ? 1 : 6,
                                  .seed = context.seed + f,
                                  .check_interrupt = context.check_interrupt};
    fold.dense = train_ranker(tasks, others, {}, training);
    if (!quick) fold.sparse = train_ranker(tasks, others, sparse_attention(), training);
  }
  return experiment;
}

/// A way to summarize all articles.
struct Summaries {
  std::vector<std::vector<std::size_t>> chosen;  ///< the sentences of each article
  std::array<std::vector<double>, 3> rouge;      ///< of each article
  std::vector<double> mean;                      ///< of the three, of each article
};

template <class Choose>
Summaries summarize(const Experiment& experiment, const Choose& choose) {
  const auto& tasks = experiment.input.tasks;
  Summaries result;
  result.chosen.resize(tasks.size());
  for (const Fold& fold : experiment.folds) {
    for (const std::size_t i : fold.articles) result.chosen[i] = choose(fold, tasks[i]);
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const RougeF1 rouge = rouge_of(tasks[i], result.chosen[i]);
    for (std::size_t kind = 0; kind < 3; ++kind) result.rouge[kind].push_back(rouge[kind]);
    result.mean.push_back((rouge[0] + rouge[1] + rouge[2]) / 3);
  }
  return result;
}

Summaries by_ranker(const Experiment& experiment, models::SentenceRanker Fold::* ranker,
                    const models::AttentionFunction& attention) {
  return summarize(experiment, [&](const Fold& fold, const SummaryTask& task) {
    models::SentenceRanker which = fold.*ranker;
    return best_sentences(which, task, attention);
  });
}

std::vector<std::size_t> lead(const Fold&, const SummaryTask& task) {
  std::vector<std::size_t> chosen(std::min(kSummarySentences, task.sentences.size()));
  std::iota(chosen.begin(), chosen.end(), 0);
  return chosen;
}

/// Adds the relative loss of the mean of `sparse` against that of `dense`, with its interval.
void add_loss(std::vector<Metric>& metrics, const std::string& of, const std::vector<double>& dense,
              const std::vector<double>& sparse, std::uint64_t seed) {
  const Interval ratio = ratio_of_means_interval(sparse, dense, seed);
  metrics.push_back({"loss of " + of, 100 * (1 - mean(sparse) / mean(dense)), "%"});
  metrics.push_back({"loss of " + of + ", low", 100 * (1 - ratio.high), "%"});
  metrics.push_back({"loss of " + of + ", high", 100 * (1 - ratio.low), "%"});
}

/// Share of the articles for which both chose the same sentences.
double agreement(const Summaries& a, const Summaries& b) {
  double same = 0;
  for (std::size_t i = 0; i < a.chosen.size(); ++i) {
    same += std::is_permutation(a.chosen[i].begin(), a.chosen[i].end(), b.chosen[i].begin(),
                                b.chosen[i].end());
  }
  return same / static_cast<double>(a.chosen.size());
}

constexpr std::array kKinds{"ROUGE-1", "ROUGE-2", "ROUGE-L"};

void add_rouge(std::vector<Metric>& metrics, const std::string& of, const Summaries& summaries) {
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    metrics.push_back({concat(kKinds[kind], ", ", of), 100 * mean(summaries.rouge[kind]), "%"});
  }
}

Quality quality_of(const Experiment& experiment) {
  const FlopCounter counter;
  const Summaries dense = by_ranker(experiment, &Fold::dense, {});
  const double dense_flops = counter.flops();
  Meter meter;
  const Summaries sparse = by_ranker(experiment, &Fold::dense, sparse_attention(&meter));
  const Summaries without = by_ranker(experiment, &Fold::dense, no_attention);
  Quality quality{.baseline = 100 * mean(dense.mean), .candidate = 100 * mean(sparse.mean)};
  auto& metrics = quality.metrics;
  add_loss(metrics, "mean ROUGE", dense.mean, sparse.mean, experiment.seed);
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    add_loss(metrics, kKinds[kind], dense.rouge[kind], sparse.rouge[kind], experiment.seed);
  }
  add_loss(metrics, "mean ROUGE without attention", dense.mean, without.mean, experiment.seed);
  add_rouge(metrics, "dense", dense);
  add_rouge(metrics, "keep 0.30", sparse);
  if (!experiment.folds[0].sparse.is_empty()) {
    const Summaries trained = by_ranker(experiment, &Fold::sparse, sparse_attention());
    add_loss(metrics, "mean ROUGE when trained sparse", dense.mean, trained.mean, experiment.seed);
    add_rouge(metrics, "trained sparse", trained);
  }
  add_rouge(metrics, "first three sentences", summarize(experiment, lead));
  add_rouge(metrics, "oracle", summarize(experiment, [](const Fold&, const SummaryTask& task) {
              return task.oracle;
            }));
  metrics.insert(
      metrics.end(),
      {{"articles with the same summary", 100 * agreement(dense, sparse), "%"},
       {"articles with the same summary without attention", 100 * agreement(dense, without), "%"},
       {"kept pairs", 100 * meter.kept_pairs / meter.pairs, "%"},
       {"compute saved in attention", 100 * (1 - meter.flops / meter.dense_flops), "%"},
       {"compute saved in the model", 100 * (meter.dense_flops - meter.flops) / dense_flops, "%"}});
  return quality;
}

/// Ranks ten articles of the first fold; what is timed.
void rank_some(const Experiment& experiment, const models::AttentionFunction& attention) {
  constexpr std::size_t kTimed = 10;
  const Fold& fold = experiment.folds[0];
  models::SentenceRanker ranker = fold.dense;
  for (std::size_t i = 0; i < std::min(kTimed, fold.articles.size()); ++i) {
    best_sentences(ranker, experiment.input.tasks[fold.articles[i]], attention);
  }
}

/// FlopCounter sees all of the candidate but its attention.
double candidate_flops(const Experiment& experiment) {
  Meter meter;
  const FlopCounter counter;
  rank_some(experiment, sparse_attention(&meter));
  return counter.flops() + meter.flops;
}

Workload prepare(const Context& context) {
  const auto experiment = std::make_shared<const Experiment>(run_experiment(context));
  return {.data = experiment->input.data,
          .quality = [experiment] { return quality_of(*experiment); },
          .baseline = [experiment] { rank_some(*experiment, {}); },
          .candidate = [experiment,
                        attention = sparse_attention()] { rank_some(*experiment, attention); },
          .candidate_flops = candidate_flops(*experiment)};
}

Case make_case() {
  return {.id = "nlp/summarize-dao-keep30",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "Three sentences of a news article as its summary, picked by a small bidirectional "
              "transformer over all its words that was trained here on other articles: attention "
              "over all pairs against the best 30 % by pooled scores, the choice included, with "
              "the same weights",
          .baseline = "at::scaled_dot_product_attention, fp32",
          .candidate = "hadal::dao::PooledTopK and attention, fp32, keep 0.30",
          .gate = {.metric = "mean of ROUGE-1, 2 and L in %",
                   .bound = QualityResult::Bound::at_least,
                   .target = 22,
                   .target_on_real = 24,
                   .most_relative_loss = 0.021},
          .real_data = "nlp/cnndm-100.jsonl",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::summarize_dao_keep30
