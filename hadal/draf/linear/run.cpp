#include "hadal/draf/linear/run.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>

namespace hadal::draf {

void share_out(std::int64_t count, double cost,
               const std::function<void(std::int64_t first, std::int64_t last)>& work) {
  constexpr double kWorthAThread = 50000;  // above what waking one costs
  constexpr std::int64_t kPartsAThread = 8;
  const double total = cost * static_cast<double>(count);
  const std::int64_t threads = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(total / kWorthAThread), 1, at::get_num_threads());
  if (threads == 1) {
    work(0, count);
    return;
  }
  const std::int64_t part = std::max<std::int64_t>(1, count / (threads * kPartsAThread));
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
    for (std::int64_t first = next.fetch_add(part); first < count; first = next.fetch_add(part)) {
      work(first, std::min(first + part, count));
    }
  });
}

void check_activations(const at::Tensor& x, std::int64_t inputs, at::ScalarType type) {
  if (x.dim() == 2 && x.size(1) == inputs && x.scalar_type() == type && x.is_contiguous() &&
      x.is_cpu()) {
    return;
  }
  throw InvalidArgument(concat("a linear layer takes dense ", type, " [rows, ", inputs,
                               "] on the CPU, not ", x.toString(), " ", x.sizes()));
}

at::Tensor finish(at::Tensor y, const at::Tensor& bias, std::int64_t outputs, at::ScalarType type) {
  if (y.size(1) != outputs) y = y.narrow(1, 0, outputs);
  if (bias.defined()) y += bias;
  return y.scalar_type() == type ? y.contiguous() : y.to(type).contiguous();
}

}  // namespace hadal::draf
