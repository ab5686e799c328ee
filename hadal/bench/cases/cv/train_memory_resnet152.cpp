#include "hadal/bench/cases/cv/resnet_training.h"
#include "hadal/bench/cases/fast_bf16.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/memory.h"

#include <memory>
#include <optional>

#include <ATen/TensorOperators.h>

namespace hadal::bench::train_memory_resnet152 {
namespace {

using hpts::Precision;
using hpts::SavedFormat;

ResNetTrainingOptions options_of(const Context& context) {
  if (context.scale == Scale::quick) {
    return {.depth = 50, .batch = 4, .size = 96, .seed = context.seed};
  }
  return {.depth = 152, .batch = 16, .size = 224, .seed = context.seed};
}

struct Memory {
  double kept = 0;  // from forward to backward, bytes
  double peak = 0;  // of two whole steps, parameters and momentum included
};

Memory memory_of(const ResNetTrainingOptions& options, const ResNetTraining::Forward& forward) {
  const MemoryMeter meter;
  ResNetTraining training(options);
  training.step(forward);
  const std::int64_t before = meter.current_bytes();
  Memory result;
  // The gradients of the step before are given up first, where it has left them.
  std::int64_t gradients = 0;
  for (const auto& parameter : training.model()->parameters()) {
    if (parameter.grad().defined()) gradients += static_cast<std::int64_t>(parameter.nbytes());
  }
  training.step(forward, [&] {
    result.kept = static_cast<double>(meter.current_bytes() - before + gradients);
  });
  result.peak = static_cast<double>(meter.peak_bytes());
  return result;
}

/// What each saving adds to those before it.
struct Row {
  const char* name;
  HadalTraining how;
  std::optional<hpts::StateFormat> state = {};
  bool step_in_backward = false;
};

/// The savings that cost no second forward pass: what is measured as the candidate.
const Row kAllButCheckpointing{
    "step in the backward pass", {}, hpts::StateFormat::int8, /*step_in_backward=*/true};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"bf16 compute", {{Precision::bf16, SavedFormat::exact}, {.recompute_norms = false}}},
      {"norms and ReLUs computed again", {{Precision::bf16, SavedFormat::exact}}},
      {"int8 blocks", {}},
      {"momentum in bf16", {}, hpts::StateFormat::bf16},
      {"momentum in int8", {}, hpts::StateFormat::int8},
      kAllButCheckpointing,
      {"checkpointing of blocks", {.checkpointing = true}, hpts::StateFormat::int8, true}};
  return all;
}

ResNetTrainingOptions with_optimizer(ResNetTrainingOptions options, const Row& row) {
  options.state = row.state;
  options.step_in_backward = row.step_in_backward;
  return options;
}

double percent_below(double value, double reference) { return 100 * (1 - value / reference); }

Quality quality_of(const ResNetTrainingOptions& options, const Context& context) {
  const Memory fp32 = memory_of(options, forward_fp32);
  const Memory autocast = memory_of(options, forward_aten_autocast);
  Quality quality{.baseline = autocast.kept / fp32.kept};
  auto& metrics = quality.metrics;
  constexpr double kMegabyte = 1e6;
  metrics.push_back({"peak: fp32", fp32.peak / kMegabyte, "MB"});
  metrics.push_back({"peak: LibTorch's autocast", autocast.peak / kMegabyte, "MB"});
  for (const Row& row : rows()) {
    context.check_interrupt();
    const Memory memory = memory_of(with_optimizer(options, row), forward_hadal(row.how));
    metrics.push_back({concat("peak: ", row.name), memory.peak / kMegabyte, "MB"});
    metrics.push_back({concat("kept: ", row.name), 100 * memory.kept / fp32.kept, "% of fp32"});
    if (row.name != kAllButCheckpointing.name) continue;
    quality.candidate = memory.kept / fp32.kept;
    if (context.scale == Scale::quick) continue;  // there, parameters are most of the peak
    metrics.push_back({"peak below fp32", percent_below(memory.peak, fp32.peak), "%"});
    metrics.push_back({"peak below autocast", percent_below(memory.peak, autocast.peak), "%"});
  }
  return quality;
}

Workload prepare(const Context& context) {
  require_fast_bf16(context);
  const ResNetTrainingOptions options = options_of(context);
  const auto training = std::make_shared<ResNetTraining>(options);
  const auto hadal_training =
      std::make_shared<ResNetTraining>(with_optimizer(options, kAllButCheckpointing));
  training->step(forward_fp32);  // so that gradients and momentum are there
  return {.data = data_source(concat("ResNet-", options.depth, ", ", options.batch,
                                     " generated images of ", options.size, "x", options.size),
                              true, {training->images()}),
          .quality = [options, context] { return quality_of(options, context); },
          .baseline = [training] { training->step(forward_aten_autocast); },
          .candidate = [hadal_training] { hadal_training->step(forward_hadal()); }};
}

Case make_case() {
  return {.id = "cv/train-memory-resnet152",
          .domain = Domain::cv,
          .module = "hpts",
          .version = 2,
          .summary =
              "A training step of ResNet-152 on 16 images of 224x224 (ResNet-50 on 4 of 96x96 in "
              "a quick run) in bf16: what is kept for the backward pass, and step time",
          .baseline = "at::autocast to bf16, torch::optim::SGD",
          .candidate =
              "hpts::Autocast to bf16, kept in int8 blocks, norms computed again, "
              "hpts::Sgd with its momentum in int8, in the backward pass",
          .gate = {.metric = "memory kept for the backward pass, share of fp32's",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.3},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::train_memory_resnet152
