#include "hadal/hpts/optimizer/kernels/update.h"
#include "hadal/hpts/optimizer/slot.h"
#include "hadal/hpts/optimizer/state_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <c10/util/strides.h>

namespace hadal::hpts {
namespace kernels {
namespace {

constexpr IsaTable kReadMoments = HADAL_ISA_TABLE_OF(read_moments, avx2, avx512);
constexpr IsaTable kWriteMoments = HADAL_ISA_TABLE_OF(write_moments, avx2, avx512);

}  // namespace
}  // namespace kernels

namespace {

constexpr std::int64_t kGrain = 64;  // blocks

/// Whether tensors of these sizes and strides fill their memory without gap or overlap.
bool is_dense(at::IntArrayRef sizes, at::IntArrayRef strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> dims;  // stride and size
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (strides[i] < 0) return false;
    if (sizes[i] != 1) dims.emplace_back(strides[i], sizes[i]);
  }
  std::sort(dims.begin(), dims.end());
  std::int64_t expected = 1;
  for (const auto& [stride, size] : dims) {
    if (stride != expected) return false;
    expected *= size;
  }
  return true;
}

StateFormat format_of(at::ScalarType type) {
  if (type == at::kFloat) return StateFormat::fp32;
  return type == at::kBFloat16 ? StateFormat::bf16 : StateFormat::int8;
}

at::ScalarType type_of(StateFormat format, at::ScalarType codes) {
  if (format == StateFormat::fp32) return at::kFloat;
  return format == StateFormat::bf16 ? at::kBFloat16 : codes;
}

template <class Mean>
void copy(const Mean& from, const Mean& to) {
  if (to.values.defined()) to.values.copy_(from.values);
  if (to.scales.defined()) to.scales.copy_(from.scales);
}

template <class Mean>
float* data(const Mean& mean) {
  return mean.values.defined() ? mean.values.template mutable_data_ptr<float>() : nullptr;
}

}  // namespace

Optimizer::Slot::State Optimizer::Slot::state() const {
  State state{{"step", at::scalar_tensor(steps_, at::kLong)}};
  for (const Mean* mean : {&means_.first, &means_.second}) {
    if (mean->name.empty()) continue;
    state[mean->name] = mean->values;
    if (!mean->scales.defined()) continue;
    state[mean->name + ".scale"] = mean->scales;
    // Codes share scales in the order of memory, which a file does not keep.
    if (!mean->values.is_contiguous()) state["strides"] = at::tensor(mean->values.strides());
  }
  if (rest_.defined()) state["master_rest"] = rest_;
  return state;
}

Optimizer::Slot::Loaded Optimizer::Slot::read(const State& state) const {
  StateReader reader(state, parameter_.name);
  const at::IntArrayRef sizes = parameter_.tensor.sizes();
  Loaded loaded{.steps = reader.take("step", {at::kLong}, {}).item<std::int64_t>(),
                .means = {means_.format, {means_.first.name, {}, {}}, {means_.second.name, {}, {}}},
                .strides = {},
                .rest = {}};
  const auto contiguous = c10::contiguous_strides(sizes);
  loaded.strides.assign(contiguous.begin(), contiguous.end());
  if (loaded.steps < 0) {
    throw InvalidArgument(
        concat("optimizer state: \"", parameter_.name, ".step\" is ", loaded.steps));
  }
  auto& [format, first, second] = loaded.means;
  if (!first.name.empty()) {
    first.values = reader.take(first.name, {at::kFloat, at::kBFloat16, at::kChar}, sizes);
    format = format_of(first.values.scalar_type());
  }
  if (!second.name.empty()) {
    second.values = reader.take(second.name, {type_of(format, at::kByte)}, sizes);
  }
  for (Mean* mean : {&first, &second}) {
    if (mean->name.empty() || format != StateFormat::int8) continue;
    mean->scales = reader.take(mean->name + ".scale", {at::kFloat},
                               {kernels::block_count(parameter_.tensor.numel())});
  }
  if (reader.contains("strides")) {
    const at::Tensor strides =
        reader.take("strides", {at::kLong}, {static_cast<std::int64_t>(sizes.size())});
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      loaded.strides[i] = strides[static_cast<std::int64_t>(i)].item<std::int64_t>();
    }
    if (!is_dense(sizes, loaded.strides)) {
      throw InvalidArgument(concat("optimizer state: \"", parameter_.name, ".strides\" ",
                                   at::IntArrayRef(loaded.strides), " do not fit the shape ",
                                   sizes));
    }
  }
  if (rest_.defined()) loaded.rest = reader.take("master_rest", {at::kShort}, sizes);
  reader.finish();
  return loaded;
}

void Optimizer::Slot::load(const State& state) {
  const Loaded loaded = read(state);
  steps_ = loaded.steps;
  if (rest_.defined()) rest_.copy_(loaded.rest);
  const bool same_order = parameter_.tensor.strides() == at::IntArrayRef(loaded.strides);
  if (loaded.means.format != means_.format || (means_.format == StateFormat::int8 && !same_order)) {
    convert(loaded);
    return;
  }
  copy(loaded.means.first, means_.first);
  copy(loaded.means.second, means_.second);
}

/// By way of fp32, in the order of dimensions that was saved and then in the parameter's.
void Optimizer::Slot::convert(const Loaded& loaded) {
  const Means source = make_means(loaded.means.format, loaded.strides);
  copy(loaded.means.first, source.first);
  copy(loaded.means.second, source.second);
  const Means floats = make_means(StateFormat::fp32, loaded.strides);
  const Means ordered = make_means(StateFormat::fp32, parameter_.tensor.strides());
  const std::int64_t blocks = kernels::block_count(parameter_.tensor.numel());
  const auto from = kernel_state(source, {}), to = kernel_state(means_, keys()[0]);
  at::parallel_for(0, blocks, kGrain, [&](auto first, auto last) {
    kernels::kReadMoments.best()(from, first, last, data(floats.first), data(floats.second));
  });
  copy(floats.first, ordered.first);
  copy(floats.second, ordered.second);
  at::parallel_for(0, blocks, kGrain, [&](auto first, auto last) {
    kernels::kWriteMoments.best()(to, first, last, data(ordered.first), data(ordered.second));
  });
}

}  // namespace hadal::hpts
