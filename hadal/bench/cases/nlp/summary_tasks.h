#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/models/sentence_ranker.h"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace hadal::bench {

/// Words are hashed to so many ids.
inline constexpr std::int64_t kSummaryVocabulary = 8192;
/// Sentences in a summary.
inline constexpr std::size_t kSummarySentences = 3;

/// An article to be summarized by three of its sentences.
struct SummaryTask {
  models::TokenizedDocument document;
  std::vector<std::string> sentences;
  std::string reference;            ///< a part a line
  at::Tensor target;                ///< fp32 [sentences], what a ranker is trained to give
  std::vector<std::size_t> oracle;  ///< the sentences that come nearest to the reference, greedily
};

struct SummaryTasks {
  DataSource data;
  std::vector<SummaryTask> tasks;
};

/// CNN/DailyMail's 100 articles where HADAL_DATA has them, or else 100 generated ones.
SummaryTasks summary_tasks(const Context& context);

/// F1 of ROUGE-1, ROUGE-2 and ROUGE-L.
using RougeF1 = std::array<double, 3>;

/// Of the sentences `chosen`, in the order of the article.
RougeF1 rouge_of(const SummaryTask& task, std::vector<std::size_t> chosen);

/// The sentences with the highest scores of `ranker`, at most kSummarySentences.
std::vector<std::size_t> best_sentences(models::SentenceRanker& ranker, const SummaryTask& task,
                                        const models::AttentionFunction& attention);

struct RankerTraining {
  int epochs = 1;
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = {};
};

/// A ranker trained on the targets of `members` of `tasks`, ready to be used.
models::SentenceRanker train_ranker(const std::vector<SummaryTask>& tasks,
                                    const std::vector<std::size_t>& members,
                                    const models::AttentionFunction& attention,
                                    const RankerTraining& training);

}  // namespace hadal::bench
