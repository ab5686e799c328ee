#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <memory>

namespace hadal::bench::generate_dao_16k {
namespace {

constexpr std::int64_t kTokens = 8;
constexpr double kKeep = 0.30;
// With whole blocks along the diagonal, and the first and latest blocks always.
constexpr double kMostKept = 0.40;

/// The first layers of the model: a prompt takes as long a layer whatever layer it is.
models::LlamaConfig config_for(Scale scale) {
  models::LlamaConfig config = llama_config(scale);
  config.layers = scale == Scale::full ? 2 : 1;
  config.windows.resize(static_cast<std::size_t>(config.layers));
  return config;
}

/// Long prompts that no call before had.
class Prompts {
 public:
  Prompts(const Context& context, std::int64_t vocabulary)
      : vocabulary_(vocabulary),
        length_(context.scale == Scale::full ? 16'384 : 3'072),
        next_(context.seed) {}

  std::int64_t length() const { return length_; }
  draf::Request next() {
    return greedy_request(random_prompt(vocabulary_, length_, next_++), kTokens);
  }

 private:
  std::int64_t vocabulary_;
  std::int64_t length_;
  std::uint64_t next_;
};

struct Sides {
  std::unique_ptr<draf::Engine> dense;
  std::unique_ptr<draf::Engine> sparse;
  Prompts prompts;
};

/// Of a prompt: products with weights, and attention of `kept` of the pairs that see each other.
double flops_of(const models::LlamaConfig& config, std::int64_t tokens, double kept) {
  const auto t = static_cast<double>(tokens);
  const double pairs = t * (t + 1) / 2;
  const auto width = static_cast<double>(config.heads * config.head_dim * config.layers);
  return 2 * static_cast<double>(parameter_count(config)) * t + 4 * width * pairs * kept;
}

Quality quality_of(Sides& sides) {
  generate(*sides.sparse, {sides.prompts.next()});
  const draf::EngineFigures figures = sides.sparse->figures();
  return {.baseline = 1,
          .candidate = figures.attention_flops / figures.dense_attention_flops,
          .metrics = {{"missing attention", 100 * figures.missing_mass, "%"}}};
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = config_for(context.scale);
  const models::LlamaWeights weights = random_llama(config, context.seed);
  const std::shared_ptr<const draf::Model> model =
      draf::make_llama(weights, draf::WeightFormat::bf16);
  const draf::SparsityOptions sparsity{
      .mode = dao::Mode::sparse, .keep = kKeep, .dense_below = 0, .guard = {.bound = 1}};
  const auto sides =
      std::make_shared<Sides>(Sides{draf::start_engine({.model = model}),
                                    draf::start_engine({.model = model}, {.sparsity = sparsity}),
                                    Prompts(context, config.vocabulary)});
  return {
      .data = data_source(concat("a random Llama of ", config.layers, " layers and random prompts"),
                          true, {weights.tensors.at(models::kEmbeddingTensor)}),
      .quality = [sides] { return quality_of(*sides); },
      .baseline = [sides] { generate(*sides->dense, {sides->prompts.next()}); },
      .candidate = [sides] { generate(*sides->sparse, {sides->prompts.next()}); },
      .baseline_flops = flops_of(config, sides->prompts.length(), 1),
      .candidate_flops = flops_of(config, sides->prompts.length(), kMostKept)};
}

Case make_case() {
  return {.id = "nlp/generate-dao-16k",
          .domain = Domain::nlp,
          .module = "draf",
          .summary =
              "A long prompt (16,384 tokens; quick: 3,072) and 8 tokens after it, end to end "
              "through the engine: all of attention against the best 30 % of its blocks. The "
              "weights are random, so that attention is flat and quality is not looked at: "
              "see nlp/lm-dao-keep30",
          .baseline = "hadal::draf's engine with dense attention, bf16",
          .candidate = "hadal::draf's engine with DAO at keep 0.30 for all tokens, bf16",
          .gate = {.metric = "share of attention's FLOPs",
                   .bound = QualityResult::Bound::at_most,
                   .target = kMostKept},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_dao_16k
