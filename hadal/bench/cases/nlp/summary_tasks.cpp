#include "hadal/bench/cases/nlp/summary_tasks.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/news.h"
#include "hadal/data/metrics/rouge.h"
#include "hadal/data/readers/news_summaries.h"
#include "hadal/data/tokenizer/sentences.h"
#include "hadal/models/train.h"

#include <algorithm>
#include <optional>

#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::size_t kGenerated = 100;

/// FNV-1a (Fowler, Noll and Vo), 64 bits, to an id.
std::int64_t id_of(const std::string& word) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : word) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(kSummaryVocabulary));
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

/// Adds the sentence that raises ROUGE-1 + ROUGE-2 most, as long as one does (Nallapati et al.,
/// 2017).
std::vector<std::size_t> oracle_of(const SummaryTask& task) {
  std::vector<std::size_t> chosen;
  double best = 0;
  while (chosen.size() < kSummarySentences) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < task.sentences.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
      auto with = chosen;
      with.push_back(i);
      const RougeF1 rouge = rouge_of(task, with);
      if (rouge[0] + rouge[1] > best) {
        best = rouge[0] + rouge[1];
        found = i;
      }
    }
    if (!found) break;
    chosen.push_back(*found);
  }
  return chosen;
}

/// How likely each sentence is to be in the summary: a softmax over their own ROUGE-1 + ROUGE-2.
/// Trained on it, rankers choose better than on the oracle's few sentences.
at::Tensor target_of(const SummaryTask& task) {
  constexpr double kSharpness = 10;
  std::vector<float> scores;
  for (std::size_t i = 0; i < task.sentences.size(); ++i) {
    const RougeF1 rouge = rouge_of(task, {i});
    scores.push_back(static_cast<float>(kSharpness * (rouge[0] + rouge[1])));
  }
  return at::softmax(at::tensor(scores), 0);
}

SummaryTask task_of(const data::NewsArticle& article) {
  SummaryTask task{.document = {},
                   .sentences = {},
                   .reference = joined(article.reference, "\n"),
                   .target = {},
                   .oracle = {}};
  std::vector<std::int64_t> ids, places;
  for (const auto& words : data::split_sentences(joined(article.article, " "))) {
    for (const std::string& word : words) {
      ids.push_back(id_of(word));
      places.push_back(static_cast<std::int64_t>(task.sentences.size()));
    }
    task.sentences.push_back(joined(words, " "));
  }
  task.document = {at::tensor(ids, at::kLong), at::tensor(places, at::kLong)};
  task.oracle = oracle_of(task);
  task.target = target_of(task);
  return task;
}

}  // namespace

SummaryTasks summary_tasks(const Context& context) {
  const auto file = context.find("nlp/cnndm-100.jsonl");
  const auto articles =
      file ? data::read_news_summaries(*file) : data::generate_news(kGenerated, context.seed);
  SummaryTasks result;
  std::vector<at::Tensor> ids;
  for (const auto& article : articles) {
    context.check_interrupt();
    result.tasks.push_back(task_of(article));
    ids.push_back(result.tasks.back().document.ids);
  }
  result.data = data_source(file ? "CNN/DailyMail, 100 articles of REALSumm, cross-validated"
                                 : concat("generated news, seed ", context.seed, ", ", kGenerated,
                                          " articles, cross-validated"),
                            !file, {at::cat(ids)});
  return result;
}

RougeF1 rouge_of(const SummaryTask& task, std::vector<std::size_t> chosen) {
  std::sort(chosen.begin(), chosen.end());
  std::string summary;
  for (const std::size_t i : chosen) summary += task.sentences[i] + "\n";
  const data::RougeScores scores = data::rouge(task.reference, summary);
  return {scores.rouge_1.f1, scores.rouge_2.f1, scores.rouge_l.f1};
}

std::vector<std::size_t> best_sentences(models::SentenceRanker& ranker, const SummaryTask& task,
                                        const models::AttentionFunction& attention) {
  const c10::InferenceMode inference;
  const at::Tensor order =
      ranker->forward(task.document, attention).argsort(/*stable=*/true, 0, /*descending=*/true);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < std::min(kSummarySentences, task.sentences.size()); ++i) {
    chosen.push_back(
        static_cast<std::size_t>(order[static_cast<std::int64_t>(i)].item<std::int64_t>()));
  }
  return chosen;
}

models::SentenceRanker train_ranker(const std::vector<SummaryTask>& tasks,
                                    const std::vector<std::size_t>& members,
                                    const models::AttentionFunction& attention,
                                    const RankerTraining& training) {
  seed_aten(training.seed);
  models::SentenceRanker ranker(
      models::SentenceRankerOptions{.vocabulary = kSummaryVocabulary, .layers = 2, .dropout = 0.2});
  const auto loss = [&](const at::Tensor& indices) {
    at::Tensor sum = at::zeros({});
    for (std::int64_t i = 0; i < indices.size(0); ++i) {
      const auto member = static_cast<std::size_t>(indices[i].item<std::int64_t>());
      const SummaryTask& task = tasks[members[member]];
      const at::Tensor scores = ranker->forward(task.document, attention);
      sum = sum - (task.target * at::log_softmax(scores, 0)).sum();
    }
    return sum / indices.size(0);
  };
  models::train(ranker->parameters(), static_cast<std::int64_t>(members.size()), loss,
                {.epochs = training.epochs,
                 .batch = 4,
                 .learning_rate = 2e-3,
                 .seed = training.seed,
                 .check_interrupt = training.check_interrupt});
  ranker->eval();
  return ranker;
}

}  // namespace hadal::bench
