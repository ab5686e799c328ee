#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/block_choices.h"
#include "hadal/bench/cases/nlp/generation.h"
#include "hadal/bench/cases/nlp/lm_score.h"
#include "hadal/bench/cases/nlp/model_gates.h"
#include "hadal/bench/cases/nlp/recall_lm.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/flops.h"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/arange.h>

namespace hadal::bench::lm_dao_keep {
namespace {

constexpr std::int64_t kKeepPercent = 30;  // of the candidate

constexpr std::int64_t kPrompt = 512;  // of what is generated, in tokens

struct Sizes {
  std::int64_t test_windows;  // of text, and as many with facts
  std::int64_t gate_windows;  // that gates learn from
  std::int64_t generations;
  std::vector<std::int64_t> keep_percents;
};

Sizes sizes_of(Scale scale) {
  return scale == Scale::quick ? Sizes{2, 4, 1, {kKeepPercent}}
                               : Sizes{64, 64, 16, {50, kKeepPercent, 20, 10}};
}

/// All that the case compares with, made by training.
struct Subject {
  models::DecoderLm model;
  at::Tensor text;                                             // int64, test bytes
  RecallText recall;                                           // of test bytes
  std::vector<BlockChoice> choices;                            // the candidate first
  std::vector<std::shared_ptr<const dao::BlockScorer>> gates;  // of each layer
  Sizes sizes;

  const BlockChoice& candidate() const { return choices.front(); }
};

SelectedAttention attention_of(const BlockChoice& choice, std::int64_t percent) {
  return SelectedAttention(choice.selectors(static_cast<double>(percent) / 100));
}

/// Floating-point operations of the model over the test text, but for attention.
double flops_without_attention(Subject& subject) {
  const FlopCounter counter;
  perplexity(subject.model, subject.text,
             [](const at::Tensor& query, const auto&...) { return query; });
  return counter.flops();
}

void add_recall(std::vector<Metric>& metrics, const std::string& what, const Recall& recall) {
  metrics.push_back({concat("recall, ", what), 100 * recall.share(), "%"});
  metrics.push_back({concat("recall over 1,024 tokens and more, ", what),
                     100 * recall.share(kDistances.size() - 1), "%"});
}

/// Adds the figures of one choice and gives its perplexity.
double add_choice(std::vector<Metric>& metrics, Subject& subject, const BlockChoice& choice,
                  std::int64_t percent, double dense) {
  const std::string what = concat(choice.name, ", keep ", percent, " %");
  SelectedAttention on_text = attention_of(choice, percent);
  SelectedAttention on_facts = on_text;
  const double sparse = perplexity(subject.model, subject.text, std::ref(on_text));
  metrics.push_back({concat("perplexity, ", what), sparse, ""});
  metrics.push_back({concat("rise of perplexity, ", what), 100 * (sparse / dense - 1), "%"});
  metrics.push_back({concat("kept pairs, ", what), 100 * on_text.kept(), "%"});
  add_recall(metrics, what, recall(subject.model, subject.recall, std::ref(on_facts)));
  return sparse;
}

double parameter_count(const models::DecoderLmImpl& model) {
  double count = 0;
  for (const at::Tensor& parameter : model.parameters()) {
    count += static_cast<double>(parameter.numel());
  }
  return count;
}

/// Adds what generating with a cache costs and loses, keeping all or what the gates choose.
void add_generation(std::vector<Metric>& metrics, Subject& subject) {
  const at::Tensor ids = subject.text.unfold(0, kRecallContext + 1, kRecallContext)
                             .narrow(0, 0, subject.sizes.generations);
  const Generation dense = generate_text_of(subject.model, ids, {.prompt = kPrompt});
  const Generation sparse = generate_text_of(
      subject.model, ids,
      {.prompt = kPrompt, .budget = budget_of(kKeepPercent / 100.0), .scorers = subject.gates});
  const auto add = [&](const char* what, double value, const char* unit) {
    metrics.push_back({concat("generation: ", what), value, unit});
  };
  add("million parameters", parameter_count(*subject.model) / 1e6, "");
  add("tokens of prompt", kPrompt, "");
  add("tokens", kRecallContext + 1 - kPrompt, "");
  add("perplexity, dense", dense.perplexity, "");
  add("rise of perplexity", 100 * (sparse.perplexity / dense.perplexity - 1), "%");
  add("kept pairs", 100 * sparse.kept, "%");
  add("compute, dense", dense.flops, "FLOP");
  add("compute saved", 100 * (1 - sparse.flops / dense.flops), "%");
}

Quality quality_of(Subject& subject) {
  Quality quality{.baseline = perplexity(subject.model, subject.text)};
  quality.metrics.push_back({"bits per byte, dense", std::log2(quality.baseline), ""});
  add_recall(quality.metrics, "dense", recall(subject.model, subject.recall));
  for (const BlockChoice& choice : subject.choices) {
    for (const std::int64_t percent : subject.sizes.keep_percents) {
      const double sparse = add_choice(quality.metrics, subject, choice, percent, quality.baseline);
      if (&choice == &subject.candidate() && percent == kKeepPercent) quality.candidate = sparse;
    }
  }
  add_generation(quality.metrics, subject);
  return quality;
}

std::shared_ptr<Subject> subject_of(const TextCorpus& corpus, const Context& context,
                                    const Sizes& sizes) {
  models::DecoderLm model = train_recall_lm(corpus, context);
  // Text with facts, which the gates learn to find as the model does.
  const at::Tensor ids = recall_text(corpus.train, kRecallContext, context.seed + 1,
                                     at::arange(sizes.gate_windows, at::kLong))
                             .ids;
  const auto gates =
      distil_gates(model, ids, {.seed = context.seed, .check_interrupt = context.check_interrupt});
  std::vector<BlockChoice> choices = training_free_choices(model, ids.narrow(0, 0, 2));
  choices.insert(choices.begin(), choice_by("gate", gates));
  return std::make_shared<Subject>(
      Subject{.model = model,
              .text = corpus.test,
              .recall = recall_text(corpus.test, kRecallContext, context.seed,
                                    at::arange(sizes.test_windows, at::kLong)),
              .choices = choices,
              .gates = gates,
              .sizes = sizes});
}

Workload prepare(const Context& context) {
  const Sizes sizes = sizes_of(context.scale);
  const TextCorpus corpus =
      text_corpus(context, static_cast<std::size_t>(sizes.test_windows * kRecallContext + 1));
  const std::shared_ptr<Subject> subject = subject_of(corpus, context, sizes);
  SelectedAttention counted = attention_of(subject->candidate(), kKeepPercent);
  perplexity(subject->model, subject->text, std::ref(counted));
  return {.data = data_source(corpus.description, corpus.generated, {corpus.train, corpus.test}),
          .quality = [subject] { return quality_of(*subject); },
          .baseline = [subject] { perplexity(subject->model, subject->text); },
          .candidate =
              [subject, attention = attention_of(subject->candidate(), kKeepPercent)]() mutable {
                perplexity(subject->model, subject->text, std::ref(attention));
              },
          .candidate_flops = flops_without_attention(*subject) + counted.flops()};
}

Case make_case() {
  return {.id = "nlp/lm-dao-keep30",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "A small decoder over 2,048 bytes, trained here on text in which facts are planted: "
              "perplexity of real text, and recall of facts over a distance, with all interactions "
              "and with shares of them by each way to choose",
          .baseline = "at::scaled_dot_product_attention, fp32",
          .candidate = "hadal::dao::DynamicGate and attention_forward, fp32, keep 0.30",
          .gate = {.metric = "perplexity per byte",
                   .bound = QualityResult::Bound::at_most,
                   .target = 12.0,
                   .most_relative_loss = 0.02},
          .real_data = "nlp/wikitext2",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::lm_dao_keep
