#include "hadal/hpts/optimizer/optimizer.h"

#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/kernels/update.h"
#include "hadal/hpts/optimizer/slot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <ATen/Parallel.h>

namespace hadal::hpts {
namespace kernels {
namespace {

constexpr IsaTable kUpdate = HADAL_ISA_TABLE_OF(update, avx2, avx512);

}  // namespace
}  // namespace kernels

namespace {

/// Blocks that a thread takes at once: 16K elements, some 200 KB.
constexpr std::int64_t kChunk = 64;

struct Chunk {
  const kernels::Step* step;
  std::int64_t first, last;  // blocks
};

std::vector<Chunk> cut(const std::vector<kernels::Step>& steps) {
  std::vector<Chunk> chunks;
  for (const auto& step : steps) {
    const std::int64_t blocks = kernels::block_count(step.state.count);
    for (std::int64_t first = 0; first < blocks; first += kChunk) {
      chunks.push_back({&step, first, std::min(first + kChunk, blocks)});
    }
  }
  return chunks;
}

/// Throws InvalidArgument where `value` is not in [0, `end`).
void check_range(const char* what, double value,
                 double end = std::numeric_limits<double>::infinity()) {
  if (value >= 0 && value < end) return;
  throw InvalidArgument(concat("optimizer: expected ", what, " in [0, ", end, "), got ", value));
}

void check(const Rule& rule) {
  if (const auto* sgd = std::get_if<Sgd>(&rule)) {
    check_range("momentum", sgd->momentum);
    if (!std::isfinite(sgd->dampening)) {
      throw InvalidArgument(concat("optimizer: the dampening is ", sgd->dampening));
    }
    if (sgd->nesterov && (sgd->momentum == 0 || sgd->dampening != 0)) {
      throw InvalidArgument(concat("optimizer: nesterov needs momentum and no dampening, got ",
                                   sgd->momentum, " and ", sgd->dampening));
    }
    return;
  }
  const auto* adam = std::get_if<Adam>(&rule);
  const auto* adamw = std::get_if<AdamW>(&rule);
  check_range("beta1", adam ? adam->beta1 : adamw->beta1, 1);
  check_range("beta2", adam ? adam->beta2 : adamw->beta2, 1);
  check_range("epsilon", adam ? adam->epsilon : adamw->epsilon);
}

}  // namespace

Optimizer::Optimizer(const std::vector<ParameterGroup>& groups, const Rule& rule,
                     const OptimizerOptions& options)
    : rule_(rule), options_(options) {
  check(rule);
  std::set<const at::TensorImpl*> tensors;
  for (const auto& group : groups) {
    check_range("a learning rate", group.learning_rate);
    check_range("a weight decay", group.weight_decay);
    for (const auto& parameter : group.parameters) {
      slots_.push_back(std::make_unique<Slot>(parameter, groups_.size(), rule, options));
      if (!place_of_.emplace(parameter.name, parameters_.size()).second) {
        throw InvalidArgument(
            concat("optimizer: two parameters are called \"", parameter.name, "\""));
      }
      if (!tensors.insert(parameter.tensor.unsafeGetTensorImpl()).second) {
        throw InvalidArgument(concat("optimizer: the parameter \"", parameter.name,
                                     "\" is there already under another name"),
                              "pass a shared parameter once");
      }
      parameters_.push_back(parameter);
    }
    groups_.push_back({{}, group.learning_rate, group.weight_decay});
  }
}

Optimizer::~Optimizer() = default;

void Optimizer::step() {
  if (in_backward_) {
    throw InvalidArgument("optimizer: step() was called while each parameter is moved in backward",
                          "leave out step(), or end the StepInBackward");
  }
  std::vector<std::size_t> with_gradient;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (parameters_[i].tensor.grad().defined()) with_gradient.push_back(i);
  }
  move(with_gradient);
}

void Optimizer::move(const std::vector<std::size_t>& parameters) {
  for (const auto i : parameters) slots_[i]->check_gradient();
  std::vector<kernels::Step> steps;
  std::vector<at::Tensor> gradients(parameters.size());
  for (const auto i : parameters) {
    Slot& slot = *slots_[i];
    steps.push_back(slot.begin_step(rule_, groups_[slot.group()], gradients[steps.size()]));
  }
  const auto chunks = cut(steps);
  const auto update = kernels::kUpdate.best();
  at::parallel_for(0, static_cast<std::int64_t>(chunks.size()), 1, [&](auto begin, auto end) {
    for (auto i = begin; i < end; ++i) {
      const Chunk& chunk = chunks[static_cast<std::size_t>(i)];
      update(*chunk.step, chunk.first, chunk.last);
    }
  });
}

void Optimizer::zero_grad() {
  for (const auto& parameter : parameters_) parameter.tensor.mutable_grad() = at::Tensor();
}

std::vector<at::Tensor> Optimizer::parameters() const {
  std::vector<at::Tensor> result;
  for (const auto& parameter : parameters_) result.push_back(parameter.tensor);
  return result;
}

void Optimizer::set_learning_rate(double rate) {
  for (std::size_t i = 0; i < groups_.size(); ++i) set_learning_rate(i, rate);
}

void Optimizer::set_learning_rate(std::size_t group, double rate) {
  check_range("a learning rate", rate);
  if (group >= groups_.size()) {
    throw InvalidArgument(concat("optimizer: there is no group ", group, " of ", groups_.size()));
  }
  groups_[group].learning_rate = rate;
}

std::int64_t Optimizer::state_bytes() const {
  return std::accumulate(slots_.begin(), slots_.end(), std::int64_t{0},
                         [](auto sum, const auto& slot) { return sum + slot->bytes(); });
}

}  // namespace hadal::hpts
