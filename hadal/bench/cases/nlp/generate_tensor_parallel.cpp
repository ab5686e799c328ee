#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/linked_workers.h"
#include "hadal/bench/cases/memory_speed.h"
#include "hadal/bench/cases/nlp/decode_loop.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/last_logits.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::generate_tensor_parallel {
namespace {

constexpr const char* kId = "nlp/generate-tensor-parallel";
constexpr double kBitsPerSecond = 200e6;
constexpr std::int64_t kPrompt = 512;
constexpr std::int64_t kParts = 8;

/// A rank's part of a model, that waits for each sum or goes on meanwhile.
struct Shard {
  draf::RankGrid ranks;
  std::unique_ptr<draf::Model> model;

  Shard(const models::LlamaWeights& weights, const std::shared_ptr<ProcessGroup>& group,
        std::int64_t parts)
      : ranks(draf::arrange(group, 1, {.tensor_parts = parts})),
        model(draf::make_llama(weights, draf::WeightFormat::bf16, ranks)) {}
};

/// One process of the two. Commands: "blocking" and "overlapped", a prompt's first logits, answered
/// by the bytes that were summed up; "error <seed>", by how far the logits are from fp64; "memory",
/// by the share of the whole model's bytes.
void work(const std::vector<std::string>& arguments) {
  const int rank = arguments.at(0) == "0" ? 0 : 1;
  at::set_num_threads(1);  // as many as there are cores in all
  await_link();
  const auto group = linked_group(rank);
  const models::LlamaConfig config = llama_config(Scale::quick);
  const models::LlamaWeights weights = random_llama(config, 1);
  const Shard blocking(weights, group, 1), overlapped(weights, group, kParts);
  const auto prompt = random_prompt(config.vocabulary, kPrompt, 1);
  while (true) {
    std::istringstream command(next_command());
    std::string what;
    if (!(command >> what)) return;
    if (what == "error") {
      const at::Tensor logits = last_logits(*overlapped.model, prompt);
      const c10::InferenceMode inference;
      answer(rank > 0
                 ? "0"
                 : concat(relative_error(
                       logits, DecodeLoop(weights, at::kDouble, kPrompt).last_logits(prompt))));
    } else if (what == "memory") {
      const auto whole = draf::make_llama(weights, draf::WeightFormat::bf16);
      answer(concat(static_cast<double>(overlapped.model->bytes()) /
                    static_cast<double>(whole->bytes())));
    } else {
      const Shard& shard = what == "blocking" ? blocking : overlapped;
      const std::int64_t before = group->traffic().bytes;
      last_logits(*shard.model, prompt);
      answer(concat(group->traffic().bytes - before));
    }
  }
}

Quality quality_of(LinkedWorkers& workers) {
  const auto seconds = [&](const char* way) { return seconds_of([&] { workers.ask(way); }); };
  workers.set_rate(0);
  const double error = std::stod(workers.ask("error"));
  const double memory = std::stod(workers.ask("memory"));
  const double unlimited = seconds("blocking");
  workers.set_rate(kBitsPerSecond);
  const double bytes = std::stod(workers.ask("blocking"));
  const double blocking = seconds("blocking"), overlapped = seconds("overlapped");
  const double hidden = 1 - (overlapped - unlimited) / (blocking - unlimited);
  return {.baseline = 0,
          .candidate = error,
          .metrics = {{"link", kBitsPerSecond / 1e6, "Mbit/s"},
                      {"bytes summed up by each process", bytes, "bytes"},
                      {"prompt over a link without limit, blocking", 1e3 * unlimited, "ms"},
                      {"prompt, blocking", 1e3 * blocking, "ms"},
                      {"prompt, overlapped", 1e3 * overlapped, "ms"},
                      {"share of the communication that is hidden", 100 * hidden, "%"},
                      {"weights of a process, of a replica's", 100 * memory, "%"}}};
}

Workload prepare(const Context&) {
  const auto workers = std::make_shared<LinkedWorkers>(kId);
  const models::LlamaConfig config = llama_config(Scale::quick);
  const std::int64_t head = config.vocabulary * config.dim;  // for the last token alone
  const double flops = 2 * static_cast<double>((parameter_count(config) - head) * kPrompt + head);
  const std::string description =
      concat("a random Llama of ", parameter_count(config), " parameters and a random prompt");
  return {.data = {.description = description, .sha256 = sha256(description), .generated = true},
          .quality = [workers] { return quality_of(*workers); },
          .baseline = [workers] { workers->ask("blocking"); },
          .candidate = [workers] { workers->ask("overlapped"); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {
      .id = kId,
      .domain = Domain::nlp,
      .module = "draf",
      .summary =
          "The first token after a prompt of 512 tokens by a random bf16 Llama that two processes "
          "hold together, over a link of 200 Mbit/s between their network namespaces, with one "
          "thread each",
      .baseline = "tensor parallelism whose sums are waited for where they begin",
      .candidate =
          "hadal::draf's, in eight parts whose sums are on their way while others are "
          "computed",
      .gate = {.metric = "relative L2 error of the logits",
               .bound = QualityResult::Bound::at_most,
               .target = 0.03},
      .prepare = prepare,
      .work = work};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_tensor_parallel
