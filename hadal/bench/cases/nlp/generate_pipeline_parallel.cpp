#include "hadal/bench/cases/linked_workers.h"
#include "hadal/bench/cases/memory_speed.h"
#include "hadal/bench/cases/nlp/decode_loop.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/cases/nlp/ranks_engine.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/plan/pass.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/log_softmax.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::generate_pipeline_parallel {
namespace {

constexpr const char* kId = "nlp/generate-pipeline-parallel";
constexpr int kRanks = 4;
constexpr int kStages = 2;
// As between machines whose two ranks are closer to each other than to those of the other.
constexpr double kBetweenStages = 200e6;  // bits a second
constexpr double kInStage = 2 * kBetweenStages;
constexpr std::int64_t kRequests = 4;
constexpr std::int64_t kPrompt = 512;
constexpr std::int64_t kStepTokens = kRequests * kPrompt;  // all prompts in one step
constexpr std::int64_t kCacheBytes = std::int64_t{1} << 28;
constexpr draf::RankOptions kBlocking{.tensor_parts = 1, .pipeline_parts = 1};
constexpr draf::RankOptions kOverlapped{.tensor_parts = 4, .pipeline_parts = 8};

std::vector<draf::Request> load_of(std::int64_t vocabulary, std::uint64_t seed) {
  std::vector<draf::Request> requests;
  for (std::int64_t i = 0; i < kRequests; ++i) {
    const std::uint64_t own = kRequests * seed + static_cast<std::uint64_t>(i);
    requests.push_back(greedy_request(random_prompt(vocabulary, kPrompt, own), 1));
  }
  return requests;
}

/// The largest difference of the log-probabilities of the 20 best first tokens from fp64's.
double error_of(draf::Engine& engine, const models::LlamaWeights& weights) {
  const auto prompt = random_prompt(weights.config.vocabulary, kPrompt, 0);
  draf::Request request = greedy_request(prompt, 1);
  request.logprobs = 20;
  std::promise<std::vector<draf::TokenLogprob>> best;
  engine.submit(std::move(request), [&](draf::Output output) {
    if (output.finish)
      best.set_value(output.tokens.empty() ? std::vector<draf::TokenLogprob>()
                                           : output.tokens.front().best);
  });
  const auto found = best.get_future().get();
  if (found.empty()) throw Error("the engine gave no log-probabilities");
  const c10::InferenceMode inference;
  const at::Tensor expected =
      at::log_softmax(DecodeLoop(weights, at::kDouble, kPrompt).last_logits(prompt), -1);
  double worst = 0;
  for (const auto& [id, logprob] : found) {
    worst = std::max(worst, std::abs(logprob - expected[id].item<double>()));
  }
  return worst;
}

/// Runs a load; how much was said meanwhile, and how long rank 0 waited for it.
std::string traffic_of(draf::Engine& engine, std::vector<draf::Request> requests) {
  const draf::EngineFigures before = engine.figures();
  generate(engine, std::move(requests));
  const draf::EngineFigures after = engine.figures();
  const auto text = [](const Traffic& a, const Traffic& b) {
    return concat(b.bytes - a.bytes, ' ', b.seconds - a.seconds, ' ', b.waited - a.waited);
  };
  return concat(text(before.sums, after.sums), ' ', text(before.sends, after.sends));
}

/// One process of the four. Commands, which rank 0 answers: "blocking <seed>" and "overlapped
/// <seed>", a load, by what rank 0 said meanwhile; "error", by how far log-probabilities are from
/// fp64's.
void work(const std::vector<std::string>& arguments) {
  const int rank = std::stoi(arguments.at(0));
  at::set_num_threads(1);
  await_link();
  const auto group = linked_group(rank, kRanks);
  const models::LlamaWeights weights = random_llama(llama_config(Scale::quick), 1);
  const auto engine_of = [&](const draf::RankOptions& options) {
    const draf::RankGrid ranks = draf::arrange(group, kStages, options);
    return RanksEngine(ranks, draf::make_llama(weights, draf::WeightFormat::bf16, ranks),
                       {.cache_bytes = kCacheBytes, .step_tokens = kStepTokens});
  };
  RanksEngine blocking = engine_of(kBlocking);
  RanksEngine overlapped = engine_of(kOverlapped);
  while (true) {
    std::istringstream command(next_command());
    std::string what;
    if (!(command >> what)) return;
    if (rank > 0) {
      answer("followed");
    } else if (what == "error") {
      answer(concat(error_of(overlapped.engine(), weights)));
    } else {
      std::uint64_t seed = 0;
      command >> seed;
      draf::Engine& engine = (what == "blocking" ? blocking : overlapped).engine();
      answer(traffic_of(engine, load_of(weights.config.vocabulary, seed)));
    }
  }
}

/// The processes, and loads whose prompts no cache knows.
struct Ranks {
  LinkedWorkers workers{kId, kRanks};
  std::uint64_t next = 1;

  std::string run(const std::string& way) { return workers.ask(concat(way, ' ', next++)); }
};

/// What the planner makes of 175 billion parameters, of which that share of the collectives is
/// hidden: prompts alone, in three stages of eight A100.
void add_calculated(double hidden, std::vector<Metric>& metrics) {
  constexpr double kSamples = 64, kTokens = 128;
  constexpr draf::plan::Layout kLayout{.tensor = 8, .pipeline = 3};
  const auto shape = draf::plan::named_shape("gpt-175b");
  draf::plan::Cluster cluster = draf::plan::find_cluster("a100-superpod");
  const auto step = draf::plan::Step::prefill(kSamples, kTokens);
  const auto blocking = draf::plan::PassCost(shape, cluster, kLayout).alone(step);
  cluster.engine.overlap = hidden;
  const auto overlapped = draf::plan::PassCost(shape, cluster, kLayout).steady(step);
  metrics.push_back({"calculated, 175B, devices", static_cast<double>(kLayout.devices()), ""});
  metrics.push_back({"calculated, 175B, blocking", kSamples / blocking.total(), "samples/s"});
  metrics.push_back({"calculated, 175B, overlapped", kSamples / overlapped.total(), "samples/s"});
}

Quality quality_of(Ranks& ranks) {
  const auto seconds = [&](const char* way) { return seconds_of([&] { ranks.run(way); }); };
  ranks.workers.set_rate(0);
  const double error = std::stod(ranks.workers.ask("error"));
  const double unlimited = seconds("blocking"), unlimited_overlapped = seconds("overlapped");
  ranks.workers.set_rates([](int rank, int other) {
    const bool same_stage = rank / (kRanks / kStages) == other / (kRanks / kStages);
    return same_stage ? kInStage : kBetweenStages;
  });
  const double blocking = seconds("blocking"), overlapped = seconds("overlapped");
  Traffic sums, sends;
  std::istringstream said(ranks.run("overlapped"));
  said >> sums.bytes >> sums.seconds >> sums.waited >> sends.bytes >> sends.seconds >> sends.waited;
  Quality quality{
      .baseline = 0,
      .candidate = error,
      .metrics = {{"link between stages", kBetweenStages / 1e6, "Mbit/s"},
                  {"link in a stage", kInStage / 1e6, "Mbit/s"},
                  {"bytes summed up by a process of the first stage",
                   static_cast<double>(sums.bytes), "bytes"},
                  {"bytes sent by it to the second", static_cast<double>(sends.bytes), "bytes"},
                  {"links without limit, blocking", 1e3 * unlimited, "ms"},
                  {"links without limit, overlapped", 1e3 * unlimited_overlapped, "ms"},
                  {"blocking", 1e3 * blocking, "ms"},
                  {"overlapped", 1e3 * overlapped, "ms"},
                  {"share of the sums' time that is hidden", 100 * sums.hidden(), "%"},
                  {"share of the sends' time that is hidden", 100 * sends.hidden(), "%"}}};
  add_calculated(sums.hidden(), quality.metrics);
  return quality;
}

Workload prepare(const Context&) {
  const auto ranks = std::make_shared<Ranks>();
  const models::LlamaConfig config = llama_config(Scale::quick);
  const std::int64_t head = config.vocabulary * config.dim;  // for the last tokens alone
  const double flops = 2 * static_cast<double>(kRequests) *
                       static_cast<double>((parameter_count(config) - head) * kPrompt + head);
  const std::string description =
      concat("a random Llama of ", parameter_count(config), " parameters and random prompts");
  return {.data = {.description = description, .sha256 = sha256(description), .generated = true},
          .quality = [ranks] { return quality_of(*ranks); },
          .baseline = [ranks] { ranks->run("blocking"); },
          .candidate = [ranks] { ranks->run("overlapped"); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {
      .id = kId,
      .domain = Domain::nlp,
      .module = "draf",
      .summary =
          "The first tokens after four prompts of 512 tokens by a random bf16 Llama that four "
          "processes hold together, two stages of two ranks, with one thread each, in network "
          "namespaces with links of 400 Mbit/s in a stage and 200 Mbit/s between stages",
      .baseline = "the same engine with blocking collectives and one micro-batch",
      .candidate = "hadal::draf's, with sums and sends on their way while other parts are computed",
      .gate = {.metric = "largest error of the 20 best tokens' log-probabilities",
               .bound = QualityResult::Bound::at_most,
               .target = 0.05},
      .prepare = prepare,
      .work = work};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_pipeline_parallel
