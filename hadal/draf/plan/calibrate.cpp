#include "hadal/draf/plan/calibrate.h"

#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/core/system.h"
#include "hadal/draf/plan/operators.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include <ATen/ops/add.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::draf::plan {
namespace {

/// The median time of `action`, which is called for about `seconds`, once at least.
double seconds_of(const std::function<void()>& action, double seconds) {
  using Clock = std::chrono::steady_clock;
  action();  // what the first call does once is not counted
  std::vector<double> times;
  const auto begin = Clock::now();
  auto last = begin;
  while (times.empty() || std::chrono::duration<double>(last - begin).count() < seconds) {
    action();
    const auto now = Clock::now();
    times.push_back(std::chrono::duration<double>(now - last).count());
    last = now;
  }
  return median(times);
}

/// Products of one size, with several equal weights in turn, so that none is in a cache when read.
class Products {
 public:
  Products(std::int64_t dim, WeightFormat format) : dim_(dim), format_(format) {
    constexpr double kMostCache = 128e6;
    const double bytes = weight_bytes(format) * static_cast<double>(dim * dim);
    const auto count = static_cast<std::size_t>(std::clamp(kMostCache / bytes, 1.0, 32.0));
    const at::Tensor weight = at::randn({dim, dim});
    for (std::size_t i = 0; i < count; ++i) {
      layers_.push_back(make_linear(weight.clone(), {}, format));
    }
  }

  TimedProduct time(std::int64_t rows, double seconds) const {
    const auto type = format_ == WeightFormat::fp32 ? at::kFloat : at::kBFloat16;
    const at::Tensor x = at::randn({rows, dim_}).to(type);
    std::size_t turn = 0;
    const auto compute = [&] { (*layers_[turn++ % layers_.size()])(x); };
    return {.rows = static_cast<double>(rows),
            .dim = static_cast<double>(dim_),
            .seconds = seconds_of(compute, seconds)};
  }

 private:
  std::int64_t dim_;
  WeightFormat format_;
  std::vector<std::unique_ptr<Linear>> layers_;
};

/// Bytes a second of a sum of two tensors of `numbers`.
double elementwise_bytes_a_second(std::int64_t numbers, double seconds) {
  const at::Tensor a = at::zeros({numbers});
  const at::Tensor b = at::zeros({numbers});
  at::Tensor sum = at::zeros({numbers});
  const double bytes = 3 * 4 * static_cast<double>(numbers);  // two are read, one is written
  return bytes / seconds_of([&] { at::add_out(sum, a, b); }, seconds);
}

double all_reduce_seconds(ProcessGroup& group, std::int64_t numbers, int repeats) {
  at::Tensor tensor = at::zeros({numbers});
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    group.barrier("calibration");
    const auto begin = std::chrono::steady_clock::now();
    group.all_reduce(tensor, "calibration").wait();
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return median(times);
}

/// Mean over the ranks, so that all describe the same cluster.
double agreed(ProcessGroup& group, double value) {
  at::Tensor tensor = at::tensor({value});
  group.all_reduce(tensor, "calibration").wait();
  return tensor.item<double>() / group.size();
}

}  // namespace

double weight_bytes(WeightFormat format) {
  switch (format) {
    case WeightFormat::fp32:
      return 4;
    case WeightFormat::bf16:
      return 2;
    case WeightFormat::int8:
      return 1;
    case WeightFormat::int4:
      return 0.5625;
  }
  return 2;
}

Device fit_products(const std::vector<TimedProduct>& products, double weight_bytes) {
  if (products.size() < 3) throw InvalidArgument("expected times of three products at least");
  const auto by_rows = [](const TimedProduct& a, const TimedProduct& b) {
    return std::pair(a.rows, -a.dim) < std::pair(b.rows, -b.dim);
  };
  const auto work = [](const TimedProduct& p) { return p.rows * p.dim * p.dim; };
  Device device;
  device.kernel_seconds = std::ranges::min_element(products, {}, work)->seconds;
  const TimedProduct& most = *std::ranges::max_element(products, {}, work);
  device.matmul_rate = 2 * work(most) / std::max(most.seconds - device.kernel_seconds, 1e-9);
  // Of those with the fewest rows, the one with the most weights.
  const TimedProduct& fewest = *std::ranges::min_element(products, by_rows);
  const double bytes =
      fewest.dim * (weight_bytes * fewest.dim + 2 * kActivationBytes * fewest.rows);
  device.memory_rate = bytes / std::max(fewest.seconds - device.kernel_seconds, 1e-9);
  double least = std::numeric_limits<double>::infinity();
  double best = 1;
  for (double power = 1; power <= 16; power *= 1.05) {
    device.roofline_power = power;
    double error = 0;
    for (const TimedProduct& p : products) {
      error += std::abs(
          std::log(matmul_seconds(device, p.rows, p.dim, p.dim, weight_bytes) / p.seconds));
    }
    if (error < least) best = power;
    least = std::min(least, error);
  }
  device.roofline_power = best;
  return device;
}

Link fit_link(std::int64_t ranks, double few_seconds, double bytes, double many_seconds) {
  const auto count = static_cast<double>(ranks);
  return {.rate = 2 * (count - 1) / count * bytes / std::max(many_seconds - few_seconds, 1e-9),
          .hop_seconds = few_seconds / (2 * (count - 1))};
}

Cluster calibrate(ProcessGroup& group, const CalibrationOptions& options) {
  constexpr std::int64_t kRows[] = {1, 4, 16, 64, 256, 1024};
  const double each = options.seconds / (std::size(kRows) + 3);
  std::vector<TimedProduct> products = {Products(64, options.format).time(1, each)};
  const Products large(options.dim, options.format);
  for (const std::int64_t rows : kRows) {
    products.push_back(large.time(rows, each));
  }
  for (TimedProduct& product : products) product.seconds = agreed(group, product.seconds);
  const SystemInfo system = system_info();
  Cluster cluster{.name = system.cpu,
                  .source = concat("measured on this machine by ", group.size(),
                                   group.size() == 1 ? " process" : " processes"),
                  .devices_per_node = group.size(),
                  .device = fit_products(products, weight_bytes(options.format)),
                  .all_reduce = AllReduce::ring,
                  .engine = {.name = "hadal"}};
  cluster.device.memory = static_cast<double>(system.memory_bytes) / group.size();
  const double moved =
      agreed(group, elementwise_bytes_a_second(4 * options.dim * options.dim, each));
  cluster.device.elementwise_rate = std::min(1.0, moved / cluster.device.memory_rate);
  if (group.size() > 1) {
    constexpr std::int64_t kMany = 2 << 20;
    const double few = agreed(group, all_reduce_seconds(group, 16, 100));
    const double many = agreed(group, all_reduce_seconds(group, kMany, 20));
    cluster.node = fit_link(group.size(), few, 4.0 * kMany, many);
  }
  return cluster;
}

}  // namespace hadal::draf::plan
