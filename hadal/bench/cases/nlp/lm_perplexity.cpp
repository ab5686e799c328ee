#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/lm_score.h"
#include "hadal/bench/cases/nlp/text_corpus.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/state.h"
#include "hadal/models/train.h"

#include <cmath>

namespace hadal::bench::lm_perplexity {
namespace {

constexpr std::int64_t kContext = 256;
constexpr std::size_t kTestBytes = 65'536;
constexpr std::int64_t kTimedBytesQuick = 8'192;

/// Many small steps with a small model: at this budget of time that gives a lower perplexity than
/// fewer steps, or tokens, with a larger one.
models::DecoderLm train(const TextCorpus& corpus, const Context& context) {
  const bool quick = context.scale == Scale::quick;
  models::DecoderLm model(models::DecoderLmOptions{.vocabulary = 256,
                                                   .dim = 128,
                                                   .layers = 4,
                                                   .heads = 4,
                                                   .kv_heads = 4,
                                                   .hidden = 344,
                                                   .context = kContext});
  // Generated text is learnt in fewer steps.
  const std::int64_t most = corpus.generated ? 150'000 : 450'000;
  const std::int64_t tokens = quick ? std::min(corpus.train.size(0), most) : corpus.train.size(0);
  models::train_language_model(*model, corpus.train.narrow(0, 0, tokens),
                               {.epochs = quick ? 1 : 8,
                                .batch = 2,
                                .learning_rate = 3e-3,
                                .weight_decay = 0.1,
                                .seed = context.seed,
                                .check_interrupt = context.check_interrupt});
  model->eval();
  return model;
}

models::DecoderLm in_bfloat16(models::DecoderLm& model) {
  models::DecoderLm copy(model->options());
  models::load_state(*copy, models::state(*model));
  copy->to(at::kBFloat16);
  copy->eval();
  return copy;
}

Workload prepare(const Context& context) {
  const TextCorpus corpus = text_corpus(context, kTestBytes);
  models::DecoderLm model = train(corpus, context);
  models::DecoderLm half = in_bfloat16(model);
  const at::Tensor timed =
      context.scale == Scale::quick ? corpus.test.narrow(0, 0, kTimedBytesQuick) : corpus.test;
  const auto run = [timed](models::DecoderLm which) {
    return [which, timed]() mutable { perplexity(which, timed); };
  };
  return {.data = data_source(corpus.description, corpus.generated, {corpus.train, corpus.test}),
          .quality =
              [model, half, test = corpus.test]() mutable {
                const double exact = perplexity(model, test);
                return Quality{.baseline = exact,
                               .candidate = perplexity(half, test),
                               .metrics = {{"bits per byte", std::log2(exact), ""}}};
              },
          .baseline = run(model),
          .candidate = run(half)};
}

Case make_case() {
  return {.id = "nlp/lm-perplexity",
          .domain = Domain::nlp,
          .module = "models",
          .version = 2,
          .summary =
              "Perplexity per byte of a small Llama-style decoder over bytes, trained here: "
              "evaluated with fp32 and with bf16 weights (a quick run times an eighth of the text)",
          .baseline = "fp32",
          .candidate = "bf16",
          .gate = {.metric = "perplexity per byte",
                   .bound = QualityResult::Bound::at_most,
                   .target = 4.0,
                   .target_on_real = 7.0,
                   .most_relative_loss = 0.01},
          .real_data = "nlp/wikitext2",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::lm_perplexity
