#include "hadal/bench/report/claims.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hadal::bench {
namespace {

struct Measurement {
  std::string measured;
  std::string conditions;
};

/// What a case that did not fail says of a figure; none where it lacks a metric.
using Fill = std::optional<Measurement> (*)(const CaseResult&);

/// To fill a row, name the case that measures it and write the function that reads the case. What a
/// second case says is added where there is one.
struct Row {
  const char* title;
  const char* published;
  const char* case_id = nullptr;
  Fill fill = nullptr;
  const char* also_id = nullptr;
  Fill also = nullptr;
};

std::optional<double> metric(const CaseResult& result, std::string_view name) {
  const auto found = std::find_if(result.metrics.begin(), result.metrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  if (found == result.metrics.end()) return std::nullopt;
  return found->value;
}

std::optional<Measurement> attention_memory(const CaseResult& result) {
  const auto computed = metric(result, "score_matrix_fp16_bytes");
  const auto heads = metric(result, "heads");
  if (!computed || !heads || !result.cost) return std::nullopt;
  return Measurement{
      .measured = concat(
          "computed: ", format_metric({"", *computed, "bytes"}),
          " of FP16 scores for 96 heads; measured with ", format_value(*heads),
          *heads == 1 ? " head: " : " heads: ", format_bytes(result.cost->baseline_peak_bytes),
          " dense, ", format_bytes(result.cost->candidate_peak_bytes), " candidate"),
      .conditions = concat("16,384 tokens; ", result.baseline, " against ", result.candidate)};
}

/// "−1.8 %" of -1.8.
std::string change(double percent) {
  return concat(percent < 0 ? "\u2212" : "+", format_percent(std::abs(percent) / 100));
}

std::optional<Measurement> sparse_summaries(const CaseResult& result) {
  const auto attention = metric(result, "compute saved in attention");
  const auto model = metric(result, "compute saved in the model");
  const auto kept = metric(result, "kept pairs");
  const auto loss = metric(result, "loss of mean ROUGE");
  const auto low = metric(result, "loss of mean ROUGE, low");
  const auto high = metric(result, "loss of mean ROUGE, high");
  const auto without = metric(result, "loss of mean ROUGE without attention");
  if (!attention || !model || !kept || !loss || !low || !high || !without || !result.speed) {
    return std::nullopt;
  }
  return Measurement{
      .measured = concat("compute ", change(-*attention), " in attention, ", change(-*model),
                         " in the whole model; mean of ROUGE-1, 2 and L ", change(-*loss), " [",
                         change(-*high), ", ", change(-*low), "]"),
      .conditions = concat(result.data.description, "; ", format_percent(*kept / 100),
                           " of pairs kept, the same weights; without any attention, ROUGE ",
                           change(-*without), "; wall-clock, apart from compute, ",
                           format_ratio(result.speed->speedup))};
}

std::optional<Measurement> generation_compute(const CaseResult& result) {
  const auto saved = metric(result, "generation: compute saved");
  const auto rise = metric(result, "generation: rise of perplexity");
  const auto kept = metric(result, "generation: kept pairs");
  const auto parameters = metric(result, "generation: million parameters");
  const auto prompt = metric(result, "generation: tokens of prompt");
  const auto tokens = metric(result, "generation: tokens");
  if (!saved || !rise || !kept || !parameters || !prompt || !tokens) return std::nullopt;
  return Measurement{
      .measured = concat("compute ", change(-*saved), ", perplexity ", change(*rise)),
      .conditions = concat("all of a decoder of ", format_value(*parameters),
                           " million parameters, with a cache; ", format_value(*tokens),
                           " tokens after a prompt of ", format_value(*prompt), "; keeping ",
                           format_percent(*kept / 100), " of the interactions against all; ",
                           result.data.generated ? "generated text" : "real text")};
}

std::optional<Measurement> training_memory(const CaseResult& result) {
  const auto peak = metric(result, "peak below fp32");
  const auto below_autocast = metric(result, "peak below autocast");
  if (!peak || !below_autocast) return std::nullopt;
  return Measurement{.measured = concat("peak memory of a step ", change(-*peak), " against FP32, ",
                                        change(-*below_autocast), " against autocast to bf16"),
                     .conditions = concat(result.data.description, "; ", result.candidate,
                                          "; parameters, gradients and momentum included")};
}

std::optional<Measurement> training_accuracy(const CaseResult& result) {
  const auto ratio = metric(result, "accuracy of that in FP32");
  const auto low = metric(result, "accuracy of that in FP32, low");
  const auto high = metric(result, "accuracy of that in FP32, high");
  if (!ratio || !low || !high || !result.quality) return std::nullopt;
  return Measurement{
      .measured = concat("accuracy ", format_value(*ratio), " % [", format_value(*low), " %, ",
                         format_value(*high), " %] of that in FP32"),
      .conditions = concat("accuracy of ", result.data.description, ", ", result.candidate, ": ",
                           format_value(result.quality->candidate), " against ",
                           format_value(result.quality->baseline))};
}

std::optional<Measurement> communication(const CaseResult& result) {
  const auto link = metric(result, "link");
  const auto plain = metric(result, "bytes each process sends in a step, all-reduce");
  const auto compressed = metric(result, "bytes each process sends in a step, PowerSGD");
  if (!link || !plain || !compressed || !result.speed || !result.quality) return std::nullopt;
  return Measurement{
      .measured = concat("a data-parallel step ", format_ratio(result.speed->speedup),
                         "; bytes sent ", format_metric({"", *plain, "bytes"}), " \u2192 ",
                         format_metric({"", *compressed, "bytes"})),
      .conditions = concat("2 processes over a link of ", format_value(*link), " Mbit/s; ",
                           result.candidate, " against ", result.baseline, "; accuracy ",
                           format_value(result.quality->candidate), " against ",
                           format_value(result.quality->baseline))};
}

std::optional<Measurement> fgsm_success(const CaseResult& result) {
  const auto epsilon = metric(result, "epsilon");
  const auto plain = metric(result, "FGSM success, plain");
  const auto hardened = metric(result, "FGSM success, hardened");
  const auto strongest = metric(result, "success of the strongest attack, hardened");
  const auto accuracy = metric(result, "accuracy, plain");
  const auto hardened_accuracy = metric(result, "accuracy, hardened");
  const auto layer = metric(result, "test-time layer: FGSM success");
  const auto known = metric(result, "test-time layer: success of attacks that know of it");
  if (!epsilon || !plain || !hardened || !strongest || !accuracy || !hardened_accuracy || !layer ||
      !known) {
    return std::nullopt;
  }
  const auto percent = [](double value) { return concat(format_value(value), " %"); };
  return Measurement{
      .measured = concat(percent(*plain), " \u2192 ", percent(*hardened),
                         "; the strongest of several attacks on the hardened network ",
                         percent(*strongest), "; a layer at test time instead: ", percent(*layer),
                         ", and ", percent(*known), " by attacks that know of it"),
      .conditions = concat(result.data.description,
                           "; of the images that are right without an "
                           "attack; ",
                           result.candidate, " against ", result.baseline, "; accuracy ",
                           percent(*accuracy), " \u2192 ", percent(*hardened_accuracy))};
}

std::optional<Measurement> robust_accuracy(const CaseResult& result) {
  const auto low = metric(result, "robust accuracy, low");
  const auto high = metric(result, "robust accuracy, high");
  if (!low || !high || !result.quality) return std::nullopt;
  return Measurement{
      .measured = concat("robust accuracy ", format_value(100 * result.quality->candidate), " % [",
                         format_value(*low), ", ", format_value(*high), "]"),
      .conditions = concat("robust accuracy of ", result.data.description)};
}

std::optional<Measurement> parallel_inference(const CaseResult& result) {
  const auto link = metric(result, "link between stages");
  const auto in_stage = metric(result, "link in a stage");
  const auto hidden = metric(result, "share of the sums' time that is hidden");
  const auto blocking = metric(result, "calculated, 175B, blocking");
  const auto overlapped = metric(result, "calculated, 175B, overlapped");
  const auto devices = metric(result, "calculated, 175B, devices");
  if (!link || !in_stage || !hidden || !blocking || !overlapped || !devices || !result.speed) {
    return std::nullopt;
  }
  return Measurement{
      .measured = concat("measured on a small model: ", format_ratio(result.speed->speedup),
                         "; calculated for 175B: ", format_value(*blocking), " \u2192 ",
                         format_value(*overlapped), " samples/s (",
                         format_ratio(*overlapped / *blocking), "x)"),
      .conditions = concat("measured: ", result.data.description, ", ", result.candidate,
                           " against ", result.baseline, ", four processes over links of ",
                           format_value(*in_stage), " Mbit/s in a stage and ", format_value(*link),
                           " between stages, ", format_value(*hidden),
                           " % of the sums' time hidden; calculated: hadal plan's model of ",
                           format_value(*devices), " A100, samples of 128 tokens, the same share")};
}

std::optional<Measurement> parallel_memory(const CaseResult& result) {
  const auto saved = metric(result, "memory below replicas");
  const auto cache = metric(result, "cache of each");
  const auto replicas = metric(result, "calculated, 175B on replicas");
  const auto sharded = metric(result, "calculated, 175B sharded");
  if (!saved || !cache || !replicas || !sharded) return std::nullopt;
  const auto terabytes = [](double bytes) { return concat(format_ratio(bytes / 1e12), " TB"); };
  return Measurement{
      .measured = concat("measured on a small model: ", change(-*saved),
                         " a process; calculated for 175B: ", terabytes(*replicas), " \u2192 ",
                         terabytes(*sharded)),
      .conditions = concat("measured: ", result.data.description,
                           ", resident memory of four ranks "
                           "in two stages, the fullest, against replicas, each with a cache of ",
                           format_metric({"", *cache, "bytes"}),
                           "; calculated: hadal plan --memory, which names its assumptions")};
}

constexpr std::array kRows{
    Row{"Attention that keeps 30 % of interactions, CNN/DailyMail",
        "compute \u221268 %, ROUGE \u22122.1 %", "nlp/summarize-dao-keep30", sparse_summaries},
    Row{"Generation of long text", "compute \u221237 %", "nlp/lm-dao-keep30", generation_compute},
    Row{"Memory of attention over 16K tokens", "dense score matrix over 48 GB in FP16",
        "nlp/attention-dense-16k", attention_memory},
    Row{"Memory of training ResNet-152", "\u221242 % at 99.7 % of full accuracy",
        "cv/train-memory-resnet152", training_memory, "cv/train-accuracy-resnet20",
        training_accuracy},
    Row{"Communication efficiency of distributed training", "3.2x", "cv/train-powersgd",
        communication},
    Row{"Inference of a model of 175B parameters", "120 \u2192 380 samples/s",
        "nlp/generate-pipeline-parallel", parallel_inference},
    Row{"Memory of a model of 175B parameters", "4.2 TB \u2192 1.8 TB", "nlp/memory-four-ranks",
        parallel_memory},
    Row{"Success rate of the FGSM attack", "87 % \u2192 19 %", "cv/harden-fgsm", fgsm_success,
        "cv/harden-mnist-autoattack", robust_accuracy},
};

std::optional<Measurement> read(const std::vector<CaseResult>& cases, std::string_view id,
                                Fill fill) {
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const CaseResult& result) {
    return result.id == id && is_judged(result.verdict);
  });
  return found == cases.end() ? std::nullopt : fill(*found);
}

std::optional<Measurement> measure(const Row& row, const std::vector<CaseResult>& cases) {
  auto measurement = read(cases, row.case_id, row.fill);
  if (!measurement || row.also == nullptr) return measurement;
  if (const auto added = read(cases, row.also_id, row.also)) {
    measurement->measured += "; " + added->measured;
    measurement->conditions += "; " + added->conditions;
  }
  return measurement;
}

}  // namespace

std::vector<Claim> claims_of(const std::vector<CaseResult>& cases) {
  std::vector<Claim> claims;
  for (const Row& row : kRows) {
    Claim& claim = claims.emplace_back();
    claim.id = static_cast<char>('a' + claims.size() - 1);
    claim.title = row.title;
    claim.published = row.published;
    if (row.fill == nullptr) continue;
    claim.command = concat("hadal bench run ", row.case_id);
    if (row.also_id != nullptr) claim.command += concat(' ', row.also_id);
    if (auto measurement = measure(row, cases)) {
      claim.measured = std::move(measurement->measured);
      claim.conditions = std::move(measurement->conditions);
    }
  }
  return claims;
}

}  // namespace hadal::bench
