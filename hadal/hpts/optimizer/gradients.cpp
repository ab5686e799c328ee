#include "hadal/hpts/optimizer/gradients.h"

#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/kernels/gradients.h"
#include "hadal/hpts/optimizer/step_in_backward.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/Parallel.h>

namespace hadal::hpts {
namespace kernels {
namespace {

constexpr IsaTable kSquareSum = HADAL_ISA_TABLE_OF(square_sum, avx2, avx512);
constexpr IsaTable kScale = HADAL_ISA_TABLE_OF(scale, avx2, avx512);
constexpr IsaTable kClamp = HADAL_ISA_TABLE_OF(clamp, avx2, avx512);

}  // namespace
}  // namespace kernels

namespace {

using kernels::Run;

/// Elements that a thread takes at once.
constexpr std::int64_t kChunk = 16384;

const at::Tensor& checked_gradient(const at::Tensor& parameter) {
  if (is_moved_in_backward(parameter)) {
    throw InvalidArgument(
        concat("gradients: the parameter of shape ", parameter.sizes(),
               " is moved in backward, so that there is no moment when all gradients are there"),
        "end the StepInBackward, or leave out what needs all gradients (clipping, GradScaler)");
  }
  const at::Tensor& gradient = parameter.grad();
  if (!gradient.defined()) return gradient;
  const auto type = gradient.scalar_type();
  if (!gradient.is_cpu() || gradient.layout() != at::kStrided ||
      (type != at::kFloat && type != at::kBFloat16) || !gradient.is_non_overlapping_and_dense()) {
    throw InvalidArgument(concat("gradients: expected dense fp32 or bf16 tensors on the CPU, got ",
                                 type, " ", gradient.sizes(), " on ", gradient.device()));
  }
  return gradient;
}

std::vector<Run> runs_of(const std::vector<at::Tensor>& parameters) {
  std::vector<Run> runs;
  for (const auto& parameter : parameters) {
    const at::Tensor& gradient = checked_gradient(parameter);
    if (!gradient.defined()) continue;
    auto* values = static_cast<char*>(gradient.mutable_data_ptr());
    const auto size = static_cast<std::int64_t>(gradient.element_size());
    for (std::int64_t first = 0; first < gradient.numel(); first += kChunk) {
      runs.push_back({values + first * size, gradient.scalar_type() == at::kBFloat16,
                      std::min(kChunk, gradient.numel() - first)});
    }
  }
  return runs;
}

/// The sum of what `work` returns for each run, added in their order.
template <class Work>
double sum_over(const std::vector<Run>& runs, const Work& work) {
  std::vector<double> sums(runs.size());
  at::parallel_for(0, static_cast<std::int64_t>(runs.size()), 1, [&](auto begin, auto end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      sums[i] = work(runs[i]);
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// For autograd to notice where a gradient was kept for a second backward.
void bump_versions(const std::vector<at::Tensor>& parameters) {
  for (const auto& parameter : parameters) {
    const at::Tensor& gradient = parameter.grad();
    if (gradient.defined()) gradient.unsafeGetTensorImpl()->bump_version();
  }
}

void check_positive(const char* what, double value) {
  if (value > 0) return;
  throw InvalidArgument(concat("gradients: expected ", what, " above 0, got ", value));
}

}  // namespace

double square_sum(const std::vector<at::Tensor>& parameters) {
  return sum_over(runs_of(parameters), kernels::kSquareSum.best());
}

double scale_gradients(const std::vector<at::Tensor>& parameters, double factor) {
  const auto scale = kernels::kScale.best();
  const double sum = sum_over(
      runs_of(parameters), [&](const Run& run) { return scale(run, static_cast<float>(factor)); });
  bump_versions(parameters);
  return sum;
}

double clip_gradient_norm(const std::vector<at::Tensor>& parameters, double max_norm,
                          NonFinite non_finite) {
  check_positive("a norm", max_norm);
  const double norm = std::sqrt(square_sum(parameters));
  if (!std::isfinite(norm)) {
    if (non_finite == NonFinite::leave) return norm;
    throw Error(concat("the norm of the gradients is ", norm),
                "lower the learning rate, or skip such steps with a FiniteGuard");
  }
  const double factor = max_norm / (norm + 1e-6);
  if (factor < 1) scale_gradients(parameters, factor);
  return norm;
}

void clip_gradient_value(const std::vector<at::Tensor>& parameters, double limit) {
  check_positive("a limit", limit);
  const auto clamp = kernels::kClamp.best();
  sum_over(runs_of(parameters), [&](const Run& run) {
    clamp(run, static_cast<float>(limit));
    return 0.0;
  });
  bump_versions(parameters);
}

}  // namespace hadal::hpts
