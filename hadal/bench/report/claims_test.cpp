#include "hadal/bench/report/claims.h"

#include "hadal/bench/report/sample.h"
#include "hadal/bench/report/validate.h"

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::sample_case;

CaseResult attention(double heads) {
  CaseResult result = sample_case("nlp/attention-dense-16k");
  result.baseline = "the explicit way";
  result.candidate = "the fused way";
  // 2 bytes x 96 heads x 16,384 x 16,384 scores.
  result.metrics = {{"score_matrix_fp16_bytes", 2.0 * 96 * 16384 * 16384, "bytes"},
                    {"heads", heads, ""}};
  return result;
}

CaseResult summaries(double loss) {
  CaseResult result = sample_case("nlp/summarize-dao-keep30", {1.5, 1.25, 1.75});
  result.data.description = "some news";
  result.metrics = {{"compute saved in attention", 68.5, "%"},
                    {"compute saved in the model", 31, "%"},
                    {"kept pairs", 29.75, "%"},
                    {"loss of mean ROUGE", loss, "%"},
                    {"loss of mean ROUGE, low", -0.5, "%"},
                    {"loss of mean ROUGE, high", 2.5, "%"},
                    {"loss of mean ROUGE without attention", 7, "%"}};
  return result;
}

TEST(Claims, AreLetteredFromAToH) {
  std::string letters;
  for (const Claim& claim : claims_of({})) {
    letters += claim.id;
    EXPECT_FALSE(claim.title.empty()) << claim.id;
    EXPECT_FALSE(claim.published.empty()) << claim.id;
    EXPECT_FALSE(claim.measured) << claim.id;
  }
  EXPECT_EQ(letters, "abcdefgh");
}

TEST(Claims, AreTakenByAReport) {
  Report report = testing::sample_report({attention(2)});
  report.claims = claims_of(report.cases);
  EXPECT_NO_THROW(validate(report));
}

TEST(Claims, FillRowAFromTheSummaries) {
  const Claim claim = claims_of({summaries(1.25)})[0];
  EXPECT_EQ(claim.measured,
            "compute \u221268 % in attention, \u221231 % in the whole model; mean of ROUGE-1, 2 "
            "and L \u22121.2 % [\u22122.5 %, +0.5 %]");
  EXPECT_EQ(claim.conditions,
            "some news; 30 % of pairs kept, the same weights; without any attention, ROUGE "
            "\u22127.0 %; wall-clock, apart from compute, 1.50x [1.25, 1.75]");
  EXPECT_EQ(claim.command, "hadal bench run nlp/summarize-dao-keep30");
  EXPECT_NE(claims_of({summaries(-0.25)})[0].measured->find("L +0.2 % ["), std::string::npos);
}

TEST(Claims, LeaveRowAOpenWhereTheCaseFailedOrLacksAFigure) {
  CaseResult failed = summaries(1);
  failed.verdict = Verdict::failed;
  CaseResult without_speed = summaries(1);
  without_speed.speed.reset();
  std::vector<CaseResult> open{failed, without_speed};
  for (std::size_t i = 0; i < 7; ++i) {
    open.push_back(summaries(1));
    open.back().metrics.erase(open.back().metrics.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const CaseResult& result : open) EXPECT_FALSE(claims_of({result})[0].measured);
}

TEST(Claims, FillRowCFromTheAttentionCase) {
  const std::vector<Claim> claims = claims_of({sample_case("cv/other"), attention(2)});
  EXPECT_EQ(claims[2].measured,
            "computed: 48.0 GiB of FP16 scores for 96 heads; measured with 2 heads: 100 MiB dense, "
            "50.0 MiB candidate");
  EXPECT_EQ(claims[2].conditions, "16,384 tokens; the explicit way against the fused way");
  EXPECT_EQ(claims[2].command, "hadal bench run nlp/attention-dense-16k");
  for (const std::size_t other : {0, 1, 3, 4, 5, 6, 7}) EXPECT_FALSE(claims[other].measured);
  EXPECT_NE(claims_of({attention(1)})[2].measured->find("1 head: "), std::string::npos);
}

CaseResult generation(double saved, double rise) {
  CaseResult result = sample_case("nlp/lm-dao-keep30");
  result.metrics = {
      {"generation: compute saved", saved, "%"}, {"generation: rise of perplexity", rise, "%"},
      {"generation: kept pairs", 30.24, "%"},    {"generation: million parameters", 0.8286, ""},
      {"generation: tokens of prompt", 512, ""}, {"generation: tokens", 1536, ""}};
  return result;
}

TEST(Claims, FillRowBFromTheDecoderThatKeepsLess) {
  CaseResult result = generation(38.25, 0.5);
  result.data.generated = false;
  const std::vector<Claim> claims = claims_of({result});
  EXPECT_EQ(claims[1].measured, "compute \u221238 %, perplexity +0.5 %");
  EXPECT_EQ(claims[1].conditions,
            "all of a decoder of 0.8286 million parameters, with a cache; 1536 tokens after a "
            "prompt of 512; keeping "
            "30 % of the interactions against all; real text");
  EXPECT_EQ(claims[1].command, "hadal bench run nlp/lm-dao-keep30");
  for (const std::size_t other : {0, 2, 3, 4, 5, 6, 7}) EXPECT_FALSE(claims[other].measured);
}

TEST(Claims, SayOfRowBWhatBecameWorseAndWhatTheTextWas) {
  CaseResult result = generation(-4, -0.2);
  result.data.generated = true;
  const Claim claim = claims_of({result})[1];
  EXPECT_EQ(claim.measured, "compute +4.0 %, perplexity \u22120.2 %");
  EXPECT_TRUE(claim.conditions.ends_with("; generated text"));
}

TEST(Claims, LeaveRowBOpenWhereAMetricIsMissing) {
  for (std::size_t i = 0; i < 6; ++i) {
    CaseResult result = generation(38, 0.5);
    result.metrics.erase(result.metrics.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(claims_of({result})[1].measured) << i;
  }
}

TEST(Claims, FillRowDFromTheTrainingStep) {
  CaseResult result = sample_case("cv/train-memory-resnet152");
  result.metrics = {{"peak below fp32", 63.6, "%"}, {"peak below autocast", 40.6, "%"}};
  const std::vector<Claim> claims = claims_of({result});
  EXPECT_EQ(claims[3].measured,
            "peak memory of a step \u221264 % against FP32, \u221241 % against autocast to bf16");
  EXPECT_TRUE(claims[3].conditions.starts_with(result.data.description));
  EXPECT_EQ(claims[3].command,
            "hadal bench run cv/train-memory-resnet152 cv/train-accuracy-resnet20");
  for (std::size_t i = 0; i < 2; ++i) {
    CaseResult without = result;
    without.metrics.erase(without.metrics.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(claims_of({without})[3].measured) << i;
  }
}

TEST(Claims, AddToRowDTheAccuracyOfWhatWasTrainedSo) {
  CaseResult memory = sample_case("cv/train-memory-resnet152");
  memory.metrics = {{"peak below fp32", 63.6, "%"}, {"peak below autocast", 40.6, "%"}};
  CaseResult accuracy = sample_case("cv/train-accuracy-resnet20");
  accuracy.metrics = {{"accuracy of that in FP32", 99.9, "%"},
                      {"accuracy of that in FP32, low", 99.5, "%"},
                      {"accuracy of that in FP32, high", 100.3, "%"}};
  const Claim claim = claims_of({accuracy, memory})[3];
  EXPECT_TRUE(claim.measured->ends_with("; accuracy 99.9 % [99.5 %, 100.3 %] of that in FP32"))
      << *claim.measured;
  EXPECT_NE(claim.conditions.find("; accuracy of " + accuracy.data.description), std::string::npos);
  EXPECT_FALSE(claims_of({accuracy})[3].measured);
  accuracy.metrics.pop_back();
  EXPECT_EQ(claims_of({accuracy, memory})[3].measured, claims_of({memory})[3].measured);
}

/// Without each of its metrics, a row stays open.
void expect_needs_all_metrics(const CaseResult& result, std::size_t row) {
  for (std::size_t i = 0; i < result.metrics.size(); ++i) {
    CaseResult without = result;
    without.metrics.erase(without.metrics.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(claims_of({without})[row].measured) << i;
  }
}

TEST(Claims, FillRowFByWhatWasMeasuredAndCalculated) {
  CaseResult result = sample_case("nlp/generate-pipeline-parallel", {2.5, 2.25, 2.75});
  result.data.description = "a model";
  result.baseline = "the one way";
  result.candidate = "the other";
  result.metrics = {{"link between stages", 150, "Mbit/s"},
                    {"link in a stage", 300, "Mbit/s"},
                    {"share of the sums' time that is hidden", 81.25, "%"},
                    {"calculated, 175B, blocking", 40, "samples/s"},
                    {"calculated, 175B, overlapped", 100, "samples/s"},
                    {"calculated, 175B, devices", 24, ""}};
  const Claim claim = claims_of({result})[5];
  EXPECT_EQ(claim.measured,
            "measured on a small model: 2.50x [2.25, 2.75]; calculated for 175B: 40 \u2192 100 "
            "samples/s (2.50x)");
  EXPECT_EQ(claim.conditions,
            "measured: a model, the other against the one way, four processes over links of 300 "
            "Mbit/s in a stage and 150 between stages, 81.25 % of the sums' time hidden; "
            "calculated: hadal plan's model of 24 A100, "
            "samples of 128 tokens, the same share");
  expect_needs_all_metrics(result, 5);
}

TEST(Claims, FillRowGByWhatWasMeasuredAndCalculated) {
  CaseResult result = sample_case("nlp/memory-four-ranks");
  result.data.description = "a model";
  result.metrics = {{"memory below replicas", 63, "%"},
                    {"cache of each", 8 << 20, "bytes"},
                    {"calculated, 175B on replicas", 4.23e12, "bytes"},
                    {"calculated, 175B sharded", 1.78e12, "bytes"}};
  const Claim claim = claims_of({result})[6];
  EXPECT_EQ(claim.measured,
            "measured on a small model: \u221263 % a process; calculated for 175B: 4.23 TB \u2192 "
            "1.78 TB");
  EXPECT_EQ(claim.conditions,
            "measured: a model, resident memory of four ranks in two stages, the fullest, against "
            "replicas, each with a cache of 8.00 MiB; calculated: hadal plan --memory, which names "
            "its assumptions");
  expect_needs_all_metrics(result, 6);
}

TEST(Claims, LeaveRowCOpenWhereTheCaseFailedOrLacksAMetric) {
  CaseResult failed = attention(2);
  failed.verdict = Verdict::failed;
  CaseResult without_heads = attention(2);
  without_heads.metrics.pop_back();
  CaseResult without_cost = attention(2);
  without_cost.cost.reset();
  for (const CaseResult& result : {failed, without_heads, without_cost}) {
    const Claim claim = claims_of({result})[2];
    EXPECT_FALSE(claim.measured);
    EXPECT_EQ(claim.command, "hadal bench run nlp/attention-dense-16k");
  }
}

TEST(Claims, FillRowHWithTheAdaptiveAttackBesideIt) {
  CaseResult fgsm = sample_case("cv/harden-fgsm");
  fgsm.data.description = "digits; linf 0.3";
  fgsm.baseline = "plain";
  fgsm.candidate = "hardened";
  fgsm.metrics = {{"epsilon", 0.3, ""},
                  {"accuracy, plain", 99.1, "%"},
                  {"accuracy, hardened", 98.4, "%"},
                  {"FGSM success, plain", 91, "%"},
                  {"FGSM success, hardened", 4.2, "%"},
                  {"success of the strongest attack, hardened", 12, "%"},
                  {"test-time layer: FGSM success", 40, "%"},
                  {"test-time layer: success of attacks that know of it", 99, "%"}};
  CaseResult whole = sample_case("cv/harden-mnist-autoattack");
  whole.data.description = "MNIST; linf 0.3";
  whole.quality->candidate = 0.9;
  whole.metrics = {{"robust accuracy, low", 88, "%"}, {"robust accuracy, high", 92, "%"}};
  const Claim claim = claims_of({fgsm, whole})[7];
  EXPECT_EQ(claim.measured,
            "91 % \u2192 4.2 %; the strongest of several attacks on the hardened network 12 %; a "
            "layer at test time instead: 40 %, and 99 % by attacks that know of it; robust "
            "accuracy 90 % [88, 92]");
  EXPECT_EQ(claim.conditions,
            "digits; linf 0.3; of the images that are right without an attack; hardened against "
            "plain; accuracy 99.1 % \u2192 98.4 %; robust accuracy of MNIST; linf 0.3");
  EXPECT_EQ(claim.command, "hadal bench run cv/harden-fgsm cv/harden-mnist-autoattack");
}

}  // namespace
}  // namespace hadal::bench
