#include "hadal/bench/cases/cv/parallel_training.h"
#include "hadal/bench/cases/linked_workers.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/flops.h"
#include "hadal/core/random.h"
#include "hadal/hpts/distributed/scaling.h"
#include "hadal/models/resnet_cifar.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

namespace hadal::bench::train_powersgd {
namespace {

constexpr const char* kId = "cv/train-powersgd";
constexpr double kBitsPerSecond = 40e6;
constexpr std::int64_t kBatch = 16;  // of each process
constexpr double kLatency = 50e-6;   // of the modelled network

/// ResNet-20 on images of 32x32, of random pixels: what a step takes does not depend on them.
class TimedStep {
 public:
  TimedStep(const std::shared_ptr<ProcessGroup>& group, Method method)
      : parallel_(*model_, group, method, /*dense_steps=*/0),
        images_(at::randn({kBatch, 3, 32, 32})),
        labels_(at::randint(10, {kBatch}, at::kLong)) {}

  void compute() { loss().backward(); }
  void run() {
    parallel_.backward([this] { return loss(); });
  }
  const ParallelModel& parallel() const { return parallel_; }

 private:
  at::Tensor loss() { return at::cross_entropy_loss(model_->forward(images_), labels_); }

  models::ResNetCifar model_{20};
  ParallelModel parallel_;
  at::Tensor images_;
  at::Tensor labels_;
};

Method method_of(const std::string& name) {
  if (name == "blocking") return Method::blocking;
  if (name == "power_sgd") return Method::power_sgd;
  throw InvalidArgument(concat("no such method: ", name));
}

double seconds_of(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One process of the two. Commands: "step <method>", answered by payload bytes and collectives;
/// "compute", by the seconds of a step without communication; "train <method> <steps> <seed>", by
/// the accuracy.
void work(const std::vector<std::string>& arguments) {
  const int rank = arguments.at(0) == "0" ? 0 : 1;
  at::set_num_threads(1);  // as many as there are cores in all
  await_link();
  const auto group = linked_group(rank);
  TimedStep blocking(group, Method::blocking), power_sgd(group, Method::power_sgd);
  std::optional<Glyphs> glyphs;  // once there is a seed, which is the same for all commands
  while (true) {
    std::istringstream command(next_command());
    std::string what, method;
    if (!(command >> what)) return;
    command >> method;
    if (what == "step") {
      TimedStep& step = method_of(method) == Method::blocking ? blocking : power_sgd;
      step.run();
      answer(concat(step.parallel().payload_bytes(), ' ', step.parallel().collectives()));
    } else if (what == "compute") {
      answer(concat(seconds_of([&] { blocking.compute(); })));
    } else {
      int steps = 0;
      std::uint64_t seed = 0;
      command >> steps >> seed;
      if (!glyphs) glyphs = make_glyphs(rank, seed);
      answer(concat(trained_accuracy(group, method_of(method), *glyphs, steps, seed)));
    }
  }
}

/// A step of one method as it was measured over the link.
struct Measured {
  double seconds = 0;
  std::int64_t bytes = 0;
  std::int64_t collectives = 0;
};

Measured measured_step(LinkedWorkers& workers, const std::string& method) {
  Measured step;
  const auto ask = [&] {
    std::istringstream(workers.ask("step " + method)) >> step.bytes >> step.collectives;
  };
  ask();
  step.seconds = seconds_of(ask);
  return step;
}

/// What the step would take with 1,000 processes over the same link each.
double modelled(const Measured& step, double compute) {
  const double communication = 8.0 * static_cast<double>(step.bytes) / kBitsPerSecond +
                               2.0 * static_cast<double>(step.collectives) * kLatency;
  const double hidden = std::clamp(1 - (step.seconds - compute) / communication, 0.0, 1.0);
  return hpts::modelled_step_seconds(
      {.compute_seconds = compute,
       .payload_bytes = step.bytes,
       .collectives = step.collectives,
       .overlap = hidden},
      {.latency_seconds = kLatency, .bits_per_second = kBitsPerSecond}, 1'000);
}

Quality quality_of(LinkedWorkers& workers, int steps, std::uint64_t seed) {
  const auto accuracy = [&](const char* method) {
    return std::stod(workers.ask(concat("train ", method, ' ', steps, ' ', seed)));
  };
  Quality quality{.baseline = accuracy("blocking"), .candidate = accuracy("power_sgd")};
  workers.set_rate(kBitsPerSecond);
  const Measured blocking = measured_step(workers, "blocking");
  const Measured power_sgd = measured_step(workers, "power_sgd");
  workers.ask("compute");
  const double compute = std::stod(workers.ask("compute"));
  quality.metrics = {{"link", kBitsPerSecond / 1e6, "Mbit/s"},
                     {"bytes each process sends in a step, all-reduce",
                      all_reduce_bytes_sent(blocking.bytes, 2), "bytes"},
                     {"bytes each process sends in a step, PowerSGD",
                      all_reduce_bytes_sent(power_sgd.bytes, 2), "bytes"},
                     {"step without communication", 1e3 * compute, "ms"},
                     {"step with all-reduce", 1e3 * blocking.seconds, "ms"},
                     {"step with PowerSGD", 1e3 * power_sgd.seconds, "ms"},
                     {"speedup with 1,000 processes by the alpha-beta model, not measured",
                      modelled(blocking, compute) / modelled(power_sgd, compute), ""}};
  return quality;
}

/// Of the model in both processes; what PowerSGD computes besides is not counted.
double step_flops() {
  models::ResNetCifar model(20);
  const FlopCounter counter;
  at::cross_entropy_loss(model->forward(at::randn({kBatch, 3, 32, 32})),
                         at::randint(10, {kBatch}, at::kLong))
      .backward();
  return 2 * counter.flops();
}

Workload prepare(const Context& context) {
  const auto workers = std::make_shared<LinkedWorkers>(kId);
  const int steps = context.scale == Scale::full ? 3'000 : 1'000;
  const std::string description =
      concat("glyphs generated from seed ", context.seed, ", ", steps, " batches of 64");
  return {.data = {.description = description, .sha256 = sha256(description), .generated = true},
          .quality = [=, seed = context.seed] { return quality_of(*workers, steps, seed); },
          .baseline = [=] { workers->ask("step blocking"); },
          .candidate = [=] { workers->ask("step power_sgd"); },
          .baseline_flops = step_flops(),
          .candidate_flops = step_flops()};
}

Case make_case() {
  return {.id = kId,
          .domain = Domain::cv,
          .module = "hpts",
          .summary =
              "A data-parallel step of ResNet-20, batch 16 in each of two processes, over a link "
              "of 40 Mbit/s, on which plain all-reduce takes about seven times as long as compute. "
              "Its quality is the accuracy of "
              "a small network that both ways have trained on the same glyphs",
          .baseline = "all-reduce of the gradients after backward, one bucket after the other",
          .candidate = "hadal::hpts::DistributedDataParallel, PowerSGD of rank 4 during backward",
          .gate = {.metric = "accuracy",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.9,
                   .most_relative_loss = 0.003},
          .prepare = prepare,
          .work = work};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::train_powersgd
