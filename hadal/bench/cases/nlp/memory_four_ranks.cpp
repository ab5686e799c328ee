#include "hadal/bench/cases/linked_workers.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/cases/nlp/ranks_engine.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/memory.h"
#include "hadal/draf/model/load.h"
#include "hadal/draf/plan/replicas_memory.h"
#include "hadal/models/llama/make_model.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <utility>

#include <ATen/Parallel.h>

namespace hadal::bench::memory_four_ranks {
namespace {

namespace fs = std::filesystem;

constexpr const char* kId = "nlp/memory-four-ranks";
constexpr int kRanks = 4;
constexpr int kStages = 2;
constexpr std::int64_t kPrompt = 512;
// Of a process. Four replicas hold as many tokens together as four ranks, each of which has a part
// of all.
constexpr std::int64_t kCacheBytes = std::int64_t{8} << 20;

/// A folder with a random model, for as long as it is needed.
class ModelFolder {
 public:
  ModelFolder() {
    std::string pattern = (fs::temp_directory_path() / "hadal-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw IoError("cannot make a temporary folder");
    path_ = pattern;
    models::write_random_model(path_ / "model", llama_config(Scale::quick), 1);
  }
  ~ModelFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;
  std::string model() const { return (path_ / "model").string(); }

 private:
  fs::path path_;
};

/// One process of five, of which four are ranks and the last holds a replica by itself. The first
/// line is the model's folder, answered by the bytes of memory that serving a prompt took. Then
/// "replica <seed>" and "ranks <seed>", a prompt's first token, answered by it.
void work(const std::vector<std::string>& arguments) {
  const int rank = std::stoi(arguments.at(0));
  const bool is_replica = rank == kRanks;
  at::set_num_threads(1);
  await_link();
  const auto group = is_replica ? nullptr : linked_group(rank, kRanks);
  const std::string folder = next_command();
  if (folder.empty()) return;
  const auto grid = is_replica ? draf::RankGrid{} : draf::arrange(group, kStages);
  const std::int64_t before = resident_bytes();
  draf::LoadedModel loaded = draf::load_model(folder, {.ranks = grid});
  const std::int64_t vocabulary = loaded.model->shape().vocabulary;
  const draf::EngineOptions options{.cache_bytes = kCacheBytes};
  std::unique_ptr<RanksEngine> ranks;
  std::unique_ptr<draf::Engine> replica;
  if (is_replica) {
    replica = draf::start_engine({.model = std::move(loaded.model)}, options);
  } else {
    ranks = std::make_unique<RanksEngine>(grid, std::move(loaded.model), options);
  }
  draf::Engine* engine = is_replica ? replica.get() : rank == 0 ? &ranks->engine() : nullptr;
  const auto first_token = [&](std::uint64_t seed) {
    return generate(*engine, {greedy_request(random_prompt(vocabulary, kPrompt, seed), 1)})
        .front()
        .front();
  };
  if (engine != nullptr) first_token(0);
  if (group) group->barrier("the first prompt");
  answer(concat(resident_bytes() - before));
  while (true) {
    std::istringstream command(next_command());
    std::string what;
    std::uint64_t seed = 0;
    if (!(command >> what >> seed)) return;
    const bool mine = engine != nullptr && (what == "replica") == is_replica;
    answer(mine ? concat(first_token(seed)) : "nothing");
  }
}

/// The processes with the model loaded, and the memory that each took.
struct Sides {
  ModelFolder folder;
  LinkedWorkers workers{kId, kRanks + 1};
  std::vector<double> bytes;
  std::uint64_t next = 1;

  Sides() {
    for (const std::string& text : workers.ask_all(folder.model())) {
      bytes.push_back(std::stod(text));
    }
  }
  void run(const std::string& side) { workers.ask(concat(side, ' ', next++)); }
  /// Whether both give a prompt the same first token.
  bool agree() {
    const std::uint64_t seed = next++;
    return workers.ask_all(concat("ranks ", seed)).front() ==
           workers.ask_all(concat("replica ", seed)).back();
  }
};

Quality quality_of(Sides& sides) {
  const double replica = sides.bytes.back();
  const double fullest = *std::max_element(sides.bytes.begin(), sides.bytes.end() - 1);
  int same = 0;
  constexpr int kPrompts = 4;
  for (int i = 0; i < kPrompts; ++i) same += sides.agree() ? 1 : 0;
  Quality quality{.baseline = 100, .candidate = 100 * fullest / replica};
  quality.metrics = {{"a replica", replica, "bytes"},
                     {"the fullest rank", fullest, "bytes"},
                     {"memory below replicas", 100 * (1 - fullest / replica), "%"},
                     {"cache of each", static_cast<double>(kCacheBytes), "bytes"},
                     {"first tokens that are the replica's", 100.0 * same / kPrompts, "%"}};
  const auto large = draf::plan::compare_memory(draf::plan::named_shape("gpt-175b"));
  quality.metrics.push_back({"calculated, 175B on replicas", large.replicas, "bytes"});
  quality.metrics.push_back({"calculated, 175B sharded", large.sharded, "bytes"});
  for (int rank = 0; rank < kRanks; ++rank) {
    quality.metrics.push_back(
        {concat("rank ", rank), sides.bytes[static_cast<std::size_t>(rank)], "bytes"});
  }
  return quality;
}

Workload prepare(const Context&) {
  const auto sides = std::make_shared<Sides>();
  const models::LlamaConfig config = llama_config(Scale::quick);
  const std::int64_t head = config.vocabulary * config.dim;  // for the last token alone
  const double flops = 2 * static_cast<double>((parameter_count(config) - head) * kPrompt + head);
  const std::string description =
      concat("a random Llama of ", parameter_count(config), " parameters and random prompts");
  return {.data = {.description = description, .sha256 = sha256(description), .generated = true},
          .quality = [sides] { return quality_of(*sides); },
          .baseline = [sides] { sides->run("replica"); },
          .candidate = [sides] { sides->run("ranks"); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {.id = kId,
          .domain = Domain::nlp,
          .module = "draf",
          .summary =
              "Memory of a process that holds its part of a random bf16 Llama and of the keys and "
              "values, two stages of two ranks, against one that holds a replica: growth of "
              "resident memory by a folder's loading and a prompt of 512 tokens; timed is that "
              "prompt's first token, with one thread a process",
          .baseline = "a replica in one process",
          .candidate = "hadal::draf's two stages of two ranks",
          .gate = {.metric = "memory of the fullest rank, % of a replica's",
                   .bound = QualityResult::Bound::at_most,
                   .target = 43},
          .prepare = prepare,
          .work = work};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::memory_four_ranks
