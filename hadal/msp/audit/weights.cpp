#include "hadal/msp/audit/weights.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/dtype.h"
#include "hadal/core/statistics.h"
#include "hadal/msp/audit/low_bits.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/nan_to_num.h>

namespace hadal::msp {
namespace {

constexpr std::int64_t kFewestRows = 8;

std::span<const std::uint32_t> words_of(const at::Tensor& fp32) {
  return {static_cast<const std::uint32_t*>(fp32.const_data_ptr()),
          static_cast<std::size_t>(fp32.numel())};
}

void measure_rows(const at::Tensor& values, const WeightLimits& limits,
                  TensorStatistics& statistics) {
  if (values.dim() < 2 || values.size(0) < kFewestRows || values.numel() == 0) return;
  const at::Tensor norms =
      at::linalg_vector_norm(values.flatten(1), 2, at::IntArrayRef{1}, false, at::kDouble)
          .contiguous();
  const std::span<const double> all(norms.const_data_ptr<double>(),
                                    static_cast<std::size_t>(norms.numel()));
  statistics.rows = norms.numel();
  const double middle = median(all);
  std::vector<double> distances;
  for (const double norm : all) distances.push_back(std::abs(norm - middle));
  const double deviation = 1.4826 * median(distances);
  for (const double norm : all) {
    statistics.dead_rows += norm == 0;
    statistics.outlier_rows += middle > 0 && norm > limits.outlier_times_median * middle &&
                               norm > middle + limits.outlier_deviations * deviation;
    if (middle > 0) statistics.largest_row = std::max(statistics.largest_row, norm / middle);
  }
}

}  // namespace

TensorStatistics measure_weights(const std::string& name, const at::Tensor& tensor,
                                 const WeightLimits& limits) {
  const SafetensorsDtype* dtype = find_safetensors_dtype(tensor.scalar_type());
  TensorStatistics statistics;
  statistics.name = name;
  statistics.dtype = dtype != nullptr ? std::string(dtype->name) : "?";
  statistics.shape = tensor.sizes().vec();
  if (tensor.numel() == 0) return statistics;
  const at::Tensor dense = tensor.contiguous();
  const at::Tensor wide = dense.to(dense.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  const std::int64_t finite = at::isfinite(wide).sum().item<std::int64_t>();
  statistics.not_finite = wide.numel() - finite;
  const at::Tensor values = statistics.not_finite == 0 ? wide : at::nan_to_num(wide, 0.0, 0.0, 0.0);
  const double count = static_cast<double>(std::max<std::int64_t>(finite, 1));
  statistics.mean = values.sum(at::kDouble).item<double>() / count;
  const double squares = at::linalg_vector_norm(values, 2, {}, false, at::kDouble).item<double>();
  statistics.deviation =
      std::sqrt(std::max(0.0, squares * squares / count - statistics.mean * statistics.mean));
  statistics.largest = values.abs().max().item<double>();
  measure_rows(values, limits, statistics);
  if (dense.scalar_type() == at::kFloat) {
    statistics.entropy = low_byte_entropy(words_of(dense));
    statistics.text_run = longest_low_text(words_of(dense));
  }
  return statistics;
}

void judge_weights(const TensorStatistics& s, const Place& place, Findings& findings,
                   const WeightLimits& limits) {
  if (s.not_finite > 0) {
    findings.add(rules::kNotFinite, place, {}, concat(s.not_finite, " elements are not finite"));
  }
  if (s.outlier_rows > 0) {
    findings.add(
        rules::kOutlierRows, place, {},
        concat(s.outlier_rows, " of ", s.rows, " rows are far from the others; the largest is ",
               std::round(10 * s.largest_row) / 10, " times the median"));
  }
  if (s.dead_rows > 0) {
    findings.add(rules::kDeadUnits, place, {},
                 concat(s.dead_rows, " of ", s.rows, " rows are zero"));
  }
  if (s.entropy >= 0 && s.entropy < limits.least_entropy) {
    findings.add(rules::kLowBits, place, {},
                 concat("the lowest byte has ", std::round(100 * s.entropy) / 100,
                        " bits of entropy, below ", limits.least_entropy));
  }
  if (s.text_run >= limits.most_text) {
    findings.add(rules::kHiddenText, place, {},
                 concat("the lowest bits spell ", s.text_run, " letters in a row"));
  }
}

}  // namespace hadal::msp
