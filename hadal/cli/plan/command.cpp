#include "hadal/cli/plan/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/model_options.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/names.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/core/text.h"
#include "hadal/draf/plan/calibrate.h"
#include "hadal/draf/plan/report.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

namespace plan = draf::plan;

struct Arguments {
  std::string model;
  std::string cluster;
  std::string engine;
  std::optional<std::int64_t> nodes;
  std::string goal = "throughput";
  plan::Workload workload;
  std::optional<std::filesystem::path> trace;
  plan::PlanOptions options;
  std::size_t rows = 10;
  std::string json;
  bool memory = false;
  std::optional<std::filesystem::path> calibrate;
  std::string format = "bf16";
  int threads = 0;
};

draf::WeightFormat format_of(const Arguments& arguments) {
  return load_options({.format = arguments.format}).format;
}

plan::Shape shape_of(const Arguments& arguments, const std::string& model) {
  return plan::find_shape(model, plan::weight_bytes(format_of(arguments)));
}

/// As `hadal serve` takes it.
std::string served(const Arguments& arguments) {
  return arguments.format == "bf16" ? arguments.model
                                    : concat(arguments.model, " --format ", arguments.format);
}

void write(const Arguments& arguments, const std::string& json, const std::string& text) {
  if (arguments.json == "-") {
    std::cout << json;
    return;
  }
  if (!arguments.json.empty()) write_file(arguments.json, json);
  std::cout << text;
}

int show_memory(const Arguments& arguments) {
  const plan::Shape shape =
      shape_of(arguments, arguments.model.empty() ? "gpt-175b" : arguments.model);
  const plan::ReplicasMemory memory = plan::compare_memory(shape);
  write(arguments, plan::memory_json(memory), plan::memory_text(shape, memory));
  return kDone;
}

plan::Cluster cluster_of(const Arguments& arguments) {
  if (arguments.cluster.empty()) {
    throw InvalidArgument("expected --cluster, which describes the devices",
                          concat("a file, or one of ", join(plan::cluster_names())));
  }
  plan::Cluster cluster = plan::find_cluster(arguments.cluster, arguments.engine);
  if (!arguments.nodes) return cluster;
  if (*arguments.nodes > 1 && cluster.network.rate <= 0) {
    throw InvalidArgument(concat("--nodes ", *arguments.nodes, ": the cluster ", arguments.cluster,
                                 " does not describe the network between nodes"),
                          "give it a [network] with gb_per_second and hop_microseconds");
  }
  cluster.nodes = *arguments.nodes;
  return cluster;
}

int rank(Arguments arguments) {
  if (arguments.model.empty()) {
    throw InvalidArgument("expected a model", concat("a folder with a config.json, or one of ",
                                                     join(plan::shape_names())));
  }
  arguments.options.goal = parse_name<plan::Goal>(arguments.goal, "goal", plan::kGoalNames);
  if (arguments.trace) arguments.workload.trace = plan::read_trace(*arguments.trace);
  const plan::Plan result = plan::rank(shape_of(arguments, arguments.model), cluster_of(arguments),
                                       arguments.workload, arguments.options);
  write(arguments, plan::plan_json(result, served(arguments)),
        plan::plan_text(result, served(arguments), arguments.rows));
  return kDone;
}

int calibrate(const Arguments& arguments) {
  const draf::WeightFormat format = format_of(arguments);
  use_threads(arguments.threads);
  const auto group = init_process_group();
  const plan::Cluster cluster = plan::calibrate(*group, {.format = format});
  if (group->rank() != 0) return kDone;
  write_file(*arguments.calibrate, plan::cluster_toml(cluster));
  std::cout << plan::cluster_toml(cluster) << "wrote " << arguments.calibrate->string() << '\n';
  return kDone;
}

int run(const Arguments& arguments) {
  if (arguments.calibrate) return calibrate(arguments);
  return arguments.memory ? show_memory(arguments) : rank(arguments);
}

void add_workload_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--prompt", arguments.workload.prompt, "Tokens of a request's prompt")
      ->capture_default_str();
  command.add_option("--output", arguments.workload.output, "Tokens that a request generates")
      ->capture_default_str();
  auto* rate = command
                   .add_option("--rate", arguments.workload.rate,
                               "Requests a second; 0: as many as can be served")
                   ->capture_default_str();
  command
      .add_option("--trace", arguments.trace,
                  "Requests of a file instead: CSV with arrived_at, num_prefill_tokens and "
                  "num_decode_tokens")
      ->type_name("FILE")
      ->excludes(rate);
}

void add_plan_options(CLI::App& command, Arguments& arguments) {
  plan::PlanOptions& options = arguments.options;
  command.add_option("--for", arguments.goal, "The goal: throughput, latency or memory")
      ->capture_default_str();
  command.add_option("--max-first-token", options.most_first_token, "Seconds; 0: any")
      ->capture_default_str();
  command.add_option("--max-token", options.most_token, "Seconds a further token; 0: any")
      ->capture_default_str();
  command.add_option("--max-batch", options.most_batch, "Sequences of a replica at a time")
      ->capture_default_str();
  command.add_option("--step-tokens", options.step_tokens, "The most tokens of a step")
      ->capture_default_str();
  command.add_option("--reserve", options.reserve, "Part of a device's memory that stays free")
      ->capture_default_str();
  command.add_option("--simulate", options.simulate, "How many of the best layouts")
      ->capture_default_str();
  command.add_option("--requests", options.requests, "Of a simulation; 0: as the layout needs")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Of the times of arrival")->capture_default_str();
}

}  // namespace

void add_plan_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& command = *app.add_subcommand(
      "plan", "Rank ways to lay a language model out on a cluster, before anything runs");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option(
      "model", arguments->model,
      concat("A folder with a config.json, such a file, or one of ", join(plan::shape_names())));
  command.add_option("--cluster", arguments->cluster,
                     concat("A file that describes it, or one of ", join(plan::cluster_names())));
  command.add_option("--engine", arguments->engine, "One whose costs the cluster's file tells");
  command.add_option("--nodes", arguments->nodes, "Instead of the cluster's own number")
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--format", arguments->format, "Of the weights: fp32, bf16, int8 or int4")
      ->capture_default_str();
  add_workload_options(command, *arguments);
  add_plan_options(command, *arguments);
  command.add_option("--rows", arguments->rows, "Of the table")->capture_default_str();
  command.add_option("--json", arguments->json, "Write all layouts there; - prints them instead")
      ->type_name("FILE");
  command.add_flag("--memory", arguments->memory,
                   "Show instead what replicas of a model take, by default of gpt-175b, and what "
                   "sharding takes");
  command
      .add_option("--calibrate", arguments->calibrate,
                  "Measure this machine instead, for half a minute, and write a file for --cluster")
      ->type_name("FILE");
  add_threads_option(command, arguments->threads);
  command.footer("What it prints is calculated. docs/planning.md tells how, and how well it fits.");
  command.callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace hadal::cli
