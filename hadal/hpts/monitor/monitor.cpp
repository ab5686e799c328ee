#include "hadal/hpts/monitor/monitor.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/text.h"
#include "hadal/hpts/monitor/count.h"
#include "hadal/hpts/monitor/limits.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>

#include <ATen/Parallel.h>

namespace hadal::hpts {

HADAL_ISA_DECLARE(Counts count_fp32(const void* values, std::int64_t size,
                                    const CountLimits& limits);
                  Counts count_bf16(const void* values, std::int64_t size,
                                    const CountLimits& limits);)

namespace {

constexpr IsaTable kCountFp32 = HADAL_ISA_TABLE_OF(count_fp32, avx2, avx512);
constexpr IsaTable kCountBf16 = HADAL_ISA_TABLE_OF(count_bf16, avx2, avx512);

/// Values of one gradient that lie side by side: the unit of work of a thread.
struct Run {
  const char* values;
  std::int64_t size;
  bool is_bf16;
  std::size_t layer;
};
constexpr std::int64_t kRunSize = std::int64_t{1} << 16;
static_assert(kRunSize <= kLongestRun);

void check(const at::Tensor& gradient, const std::string& layer) {
  const bool is_known =
      gradient.scalar_type() == at::kFloat || gradient.scalar_type() == at::kBFloat16;
  if (gradient.layout() == at::kStrided && gradient.is_cpu() && is_known) return;
  throw Unsupported(concat("layer ", quote(layer), ": its gradient is ", gradient.scalar_type(),
                           ", ", gradient.layout(), ", on ", gradient.device(),
                           "; the monitor reads strided fp32 and bf16 on the CPU"));
}

/// Cuts the gradients of `layers` into runs. `copies` keeps what had to be copied alive.
std::vector<Run> runs_of(const std::vector<Layer>& layers, std::vector<at::Tensor>& copies) {
  std::vector<Run> runs;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (const at::Tensor& parameter : layers[layer].parameters) {
      at::Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      check(gradient, layers[layer].name);
      if (!gradient.is_non_overlapping_and_dense()) {
        gradient = copies.emplace_back(gradient.contiguous());
      }
      const auto* values = static_cast<const char*>(gradient.const_data_ptr());
      const auto width = static_cast<std::int64_t>(gradient.element_size());
      for (std::int64_t at = 0; at < gradient.numel(); at += kRunSize) {
        runs.push_back({.values = values + at * width,
                        .size = std::min(kRunSize, gradient.numel() - at),
                        .is_bf16 = gradient.scalar_type() == at::kBFloat16,
                        .layer = layer});
      }
    }
  }
  return runs;
}

std::vector<Counts> count_all(const std::vector<Run>& runs, const CountLimits& limits) {
  std::vector<Counts> counts(runs.size());
  const auto fp32 = kCountFp32.best();
  const auto bf16 = kCountBf16.best();
  // Runs differ in size, so each thread takes the next one.
  std::atomic<std::size_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    for (std::size_t i = next++; i < runs.size(); i = next++) {
      const Run& run = runs[i];
      counts[i] = (run.is_bf16 ? bf16 : fp32)(run.values, run.size, limits);
    }
  });
  return counts;
}

/// Adds a run to its layer. The norm is its square until all are added.
void add(const Run& run, const Counts& counts, double unscale, LayerStatistics& to) {
  const std::int64_t none = counts.zeros + counts.non_finite;
  to.values += run.size;
  to.non_finite += counts.non_finite;
  to.zeros += counts.zeros;
  to.fp16.to_zero += counts.below_fp16_nonzero - none;
  to.fp16.to_subnormal += counts.below_fp16_normal - counts.below_fp16_nonzero;
  to.bf16.to_zero += counts.below_bf16_nonzero - none;
  to.bf16.to_subnormal += counts.below_bf16_normal - counts.below_bf16_nonzero;
  to.fp16_overflow += counts.above_fp16;
  to.norm += counts.squares;
  if (counts.largest == 0) return;
  const double smallest = magnitude_of(counts.smallest) * unscale;
  to.largest = std::max(to.largest, magnitude_of(counts.largest) * unscale);
  to.smallest = to.smallest == 0 ? smallest : std::min(to.smallest, smallest);
}

void check(const GradientScale& scale) {
  for (const double factor : {scale.applied, scale.intended}) {
    if (std::isfinite(factor) && factor > 0) continue;
    throw InvalidArgument(concat("a gradient scale of ", factor),
                          "scales are positive and finite; 1 stands for none");
  }
}

}  // namespace

double LayerStatistics::dynamic_range() const {
  return largest > 0 ? std::log2(largest) - std::log2(smallest) : 0;
}

double LayerStatistics::crest() const {
  if (largest == 0 || norm == 0) return 0;
  const auto finite = static_cast<double>(values - non_finite);
  return std::log2(largest) - std::log2(norm) + std::log2(finite) / 2;
}

GradientMonitor::GradientMonitor(const torch::nn::Module& model) : layers_(layers_of(model)) {}

std::vector<LayerStatistics> GradientMonitor::observe(const GradientScale& scale) const {
  check(scale);
  std::vector<at::Tensor> copies;
  const std::vector<Run> runs = runs_of(layers_, copies);
  const auto counts = count_all(runs, count_limits(scale.intended / scale.applied));
  std::vector<LayerStatistics> statistics(layers_.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    add(runs[i], counts[i], 1 / scale.applied, statistics[runs[i].layer]);
  }
  for (LayerStatistics& layer : statistics) layer.norm = std::sqrt(layer.norm) / scale.applied;
  return statistics;
}

}  // namespace hadal::hpts
