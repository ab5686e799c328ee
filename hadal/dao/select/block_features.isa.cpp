#include "hadal/dao/kernels/vector.h"
#include "hadal/dao/select/pool.h"

namespace hadal::dao::HADAL_ISA_NAMESPACE {
namespace {

using namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE;

inline float number(float x) { return x; }
inline float number(uint16_t bf16) {
  const uint32_t bits = static_cast<uint32_t>(bf16) << 16;
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

inline bool is_real(const PoolTask& task, int64_t row) {
  return task.real == nullptr || task.real[row];
}

template <class Element>
void mean(const PoolTask& task) {
  const auto* row = static_cast<const Element*>(task.rows);
  float sums[kLargestSize] = {};
  int64_t count = 0;
  for (int64_t r = 0; r < task.count; ++r, row += task.stride) {
    if (!is_real(task, r)) continue;
    for (int64_t i = 0; i < task.size; ++i) sums[i] += number(row[i]);
    ++count;
  }
  const float share = 1.0F / static_cast<float>(count == 0 ? 1 : count);
  for (int64_t i = 0; i < task.size; ++i) task.to[i] = sums[i] * share;
}

template <class Element>
void bounds(const PoolTask& task) {
  const auto* rows = static_cast<const Element*>(task.rows);
  int64_t first = 0;
  while (first < task.count && !is_real(task, first)) ++first;
  if (first == task.count) return;
  const Element* row = rows + first * task.stride;
  float high[kLargestSize];
  float low[kLargestSize];
  for (int64_t i = 0; i < task.size; ++i) high[i] = low[i] = number(row[i]);
  for (int64_t r = first + 1; r < task.count; ++r) {
    row += task.stride;
    if (!is_real(task, r)) continue;
    for (int64_t i = 0; i < task.size; ++i) {
      const float x = number(row[i]);
      high[i] = x > high[i] ? x : high[i];
      low[i] = x < low[i] ? x : low[i];
    }
  }
  __builtin_memcpy(task.to, high, static_cast<unsigned long>(task.size) * sizeof *high);
  __builtin_memcpy(task.to + task.padded, low, static_cast<unsigned long>(task.size) * sizeof *low);
}

}  // namespace

void mean_fp32(const PoolTask& task) { mean<float>(task); }
void mean_bf16(const PoolTask& task) { mean<uint16_t>(task); }
void bounds_fp32(const PoolTask& task) { bounds<float>(task); }
void bounds_bf16(const PoolTask& task) { bounds<uint16_t>(task); }

void score(const float* query, const float* keys, int64_t count, int64_t features, float* out) {
  for (int64_t j = 0; j < count; ++j) {
    Vector sums{};
    for (int64_t i = 0; i < features; i += kWidth) {
      sums += load(query + i) * load(keys + j * features + i);
    }
    out[j] = sum(sums);
  }
}

}  // namespace hadal::dao::HADAL_ISA_NAMESPACE
