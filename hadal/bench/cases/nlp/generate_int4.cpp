#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/linear/quantized.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <memory>

#include <ATen/TensorOperators.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::generate_int4 {
namespace {

constexpr std::int64_t kPrompt = 65;
constexpr std::int64_t kTokens = 24;

/// An engine of the weights in a format.
struct Side {
  std::shared_ptr<const draf::Model> model;
  std::unique_ptr<draf::Engine> engine;

  Side(const models::LlamaWeights& weights, draf::WeightFormat format)
      : model(draf::make_llama(weights, format)), engine(draf::start_engine({.model = model})) {}
};

/// How far the weights of a layer's first product are from what they were.
double weight_error(const models::LlamaWeights& weights) {
  const c10::InferenceMode inference;
  const at::Tensor weight =
      weights.tensors.at(models::layer_tensor(0, "self_attn.q_proj.weight")).to(at::kFloat);
  const draf::QuantizedLinear linear(weight, {}, draf::WeightFormat::int4);
  return ((linear.weight() - weight).norm() / weight.norm()).item<double>();
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = llama_config(context.scale);
  const models::LlamaWeights weights = random_llama(config, context.seed);
  const auto stored = std::make_shared<Side>(weights, draf::WeightFormat::bf16);
  const auto packed = std::make_shared<Side>(weights, draf::WeightFormat::int4);
  const draf::Request request =
      greedy_request(random_prompt(config.vocabulary, kPrompt, context.seed), kTokens);
  const double flops = 2 * static_cast<double>(parameter_count(config) * kTokens);
  const double smaller =
      static_cast<double>(stored->model->bytes()) / static_cast<double>(packed->model->bytes());
  return {.data = data_source(concat("a random Llama of ", parameter_count(config),
                                     " parameters and a random prompt"),
                              true, {weights.tensors.at(models::kEmbeddingTensor)}),
          .quality =
              [weights, smaller] {
                return Quality{.baseline = 0,
                               .candidate = weight_error(weights),
                               .metrics = {{"weights smaller by", smaller, "x"}}};
              },
          .baseline = [stored, request] { generate(*stored->engine, {request}); },
          .candidate = [packed, request] { generate(*packed->engine, {request}); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {.id = "nlp/generate-int4",
          .domain = Domain::nlp,
          .module = "draf",
          .summary =
              "24 greedy tokens, one request, with weights in 4 bits against bf16: a random "
              "Llama, whose normal weights are about as hard to round as trained ones. Says "
              "nothing of text quality",
          .baseline = "hadal::draf's engine, bf16",
          .candidate = "hadal::draf's engine, 4-bit weights in blocks of 32 (the head in 8 bits)",
          .gate = {.metric = "relative L2 error of the weights",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.09},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_int4
