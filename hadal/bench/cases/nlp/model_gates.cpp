#include "hadal/bench/cases/nlp/model_gates.h"

#include "hadal/dao/gate/distil.h"

#include <c10/core/GradMode.h>

namespace hadal::bench {
namespace {

/// What each layer attends to over each row of `ids`.
std::vector<std::vector<dao::GateExample>> examples_of(models::DecoderLm& model,
                                                       const at::Tensor& ids) {
  const c10::NoGradGuard no_grad;
  std::vector<std::vector<dao::GateExample>> layers(
      static_cast<std::size_t>(model->options().layers));
  const auto record = [&](const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          std::int64_t layer) {
    layers.at(static_cast<std::size_t>(layer)).push_back(dao::gate_example(query, key));
    return dao::attention_forward(query, key, value, {}).output;
  };
  for (const at::Tensor& row : ids.split(1)) model->forward(row, {.attention = record});
  return layers;
}

}  // namespace

std::vector<std::shared_ptr<const dao::BlockScorer>> distil_gates(models::DecoderLm model,
                                                                  const at::Tensor& ids,
                                                                  const GateTraining& training) {
  const models::DecoderLmOptions& options = model->options();
  std::vector<std::shared_ptr<const dao::BlockScorer>> scorers;
  for (const auto& examples : examples_of(model, ids)) {
    dao::DynamicGate gate(dao::GateOptions{.heads = options.heads,
                                           .kv_heads = options.kv_heads,
                                           .head_dim = options.dim / options.heads});
    dao::distil(*gate, examples,
                {.seed = training.seed, .check_interrupt = training.check_interrupt});
    scorers.push_back(std::make_shared<const dao::GateScorer>(*gate));
  }
  return scorers;
}

}  // namespace hadal::bench
