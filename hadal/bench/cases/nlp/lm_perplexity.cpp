#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/text.h"
#include "hadal/data/readers/text.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/state.h"
#include "hadal/models/train.h"

#include <cmath>

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kContext = 256;
constexpr std::size_t kTestBytes = 65'536;
constexpr std::int64_t kTestBatch = 16;

struct Corpus {
  std::string description;
  bool generated = true;
  at::Tensor train;  // int64 [n], bytes
  at::Tensor test;   // int64 [kTestBytes], bytes
};

at::Tensor bytes_of(std::string_view text) {
  // from_blob wants a pointer to data that may change; the conversion copies.
  return at::from_blob(const_cast<char*>(text.data()), {static_cast<std::int64_t>(text.size())},
                       at::kByte)
      .to(at::kLong);
}

/// Training and test text: of WikiText-2 the validation and test splits (the set of HADAL_DATA has
/// no other), which share no article.
Corpus corpus_of(const Context& context) {
  const auto train_file = context.find("nlp/wikitext2/valid.txt");
  const auto test_file = context.find("nlp/wikitext2/test.txt");
  if (train_file && test_file) {
    const std::string test = data::read_text(*test_file).substr(0, kTestBytes);
    return {.description =
                "WikiText-2: trained on the validation split, tested on the first "
                "65,536 bytes of the test split",
            .generated = false,
            .train = bytes_of(data::read_text(*train_file)),
            .test = bytes_of(test)};
  }
  constexpr std::size_t kTrainBytes = 1'200'000;
  return {.description = concat("generated stories, seeds ", context.seed, " and ",
                                context.seed + 1, " (1,200,000 and 65,536 bytes)"),
          .train = bytes_of(data::generate_text(kTrainBytes, context.seed)),
          .test = bytes_of(data::generate_text(kTestBytes, context.seed + 1))};
}

/// exp of the mean negative log likelihood of each byte of `text` but the first of each window of
/// kContext + 1, given those before it in the window.
double perplexity(models::DecoderLm& model, const at::Tensor& text) {
  const c10::InferenceMode inference;
  const at::Tensor windows = text.unfold(0, kContext + 1, kContext);
  double sum = 0;
  for (std::int64_t i = 0; i < windows.size(0); i += kTestBatch) {
    const at::Tensor rows = windows.narrow(0, i, std::min(kTestBatch, windows.size(0) - i));
    const at::Tensor logits = model->forward(rows.narrow(1, 0, kContext)).to(at::kFloat);
    sum += at::cross_entropy_loss(logits.flatten(0, 1), rows.narrow(1, 1, kContext).flatten(), {},
                                  at::Reduction::Sum)
               .item<double>();
  }
  return std::exp(sum / static_cast<double>(windows.size(0) * kContext));
}

/// Many small steps with a small model: at this budget of time that gives a lower perplexity than
/// fewer steps, or tokens, with a larger one.
models::DecoderLm train(const Corpus& corpus, const Context& context) {
  const bool quick = context.scale == Scale::quick;
  models::DecoderLm model(models::DecoderLmOptions{.vocabulary = 256,
                                                   .dim = 128,
                                                   .layers = 4,
                                                   .heads = 4,
                                                   .kv_heads = 4,
                                                   .hidden = 344,
                                                   .context = kContext});
  const std::int64_t tokens =
      quick ? std::min<std::int64_t>(corpus.train.size(0), 450'000) : corpus.train.size(0);
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
  const Corpus corpus = corpus_of(context);
  models::DecoderLm model = train(corpus, context);
  models::DecoderLm half = in_bfloat16(model);
  const auto run = [test = corpus.test](models::DecoderLm which) {
    return [which, test]() mutable { perplexity(which, test); };
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
          .summary =
              "Perplexity per byte of a small Llama-style decoder over bytes, trained here: "
              "evaluated with fp32 and with bf16 weights",
          .baseline = "fp32",
          .candidate = "bf16",
          .gate = {.metric = "perplexity per byte",
                   .bound = QualityResult::Bound::at_most,
                   .target = 4.0,
                   .target_on_real = 7.0,
                   .most_relative_loss = 0.01},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench
