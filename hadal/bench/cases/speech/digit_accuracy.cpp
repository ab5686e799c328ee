#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/audio/log_mel.h"
#include "hadal/data/audio/normalize.h"
#include "hadal/data/generate/spoken_digits.h"
#include "hadal/data/readers/fsdd.h"
#include "hadal/data/readers/wav.h"
#include "hadal/models/speech_crnn.h"
#include "hadal/models/train.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kTimedUtterances = 256;

/// Samples of utterances, zeros after their ends, and what they say.
struct Recordings {
  at::Tensor samples;  // fp32 [n, longest]
  at::Tensor lengths;  // int64 [n]
  at::Tensor labels;   // int64 [n]

  Recordings at(const at::Tensor& indices) const {
    const at::Tensor picked = lengths.index_select(0, indices);
    const auto longest = picked.max().item<std::int64_t>();
    return {samples.index_select(0, indices).narrow(1, 0, longest), picked,
            labels.index_select(0, indices)};
  }
};

struct Features {
  at::Tensor values;  // fp32 [n, mels, frames]
  at::Tensor frames;  // int64 [n], valid ones
};

Features features_of(const Recordings& x) {
  static const data::LogMel log_mel;
  const at::Tensor frames = log_mel.frames(x.lengths);
  return {data::normalize_utterances(log_mel(x.samples, x.lengths), frames), frames};
}

Recordings generated(std::int64_t count, std::uint64_t seed, std::string& source) {
  const data::Utterances made = data::generate_spoken_digits(count, seed);
  source = made.source;
  return {made.samples, made.lengths, made.labels};
}

Recordings fsdd(const std::filesystem::path& folder) {
  const auto files = data::list_fsdd(folder);
  std::vector<at::Tensor> samples;
  std::vector<std::int64_t> lengths, labels;
  for (const auto& file : files) {
    const data::Wav wav = data::read_wav(file.path);
    samples.push_back(wav.samples.select(0, 0));
    lengths.push_back(samples.back().size(0));
    labels.push_back(file.digit);
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  Recordings result{at::zeros({count, *std::ranges::max_element(lengths)}), at::tensor(lengths),
                    at::tensor(labels)};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& one = samples[static_cast<std::size_t>(i)];
    result.samples[i].narrow(0, 0, one.size(0)).copy_(one);
  }
  return result;
}

models::SpeechCrnn trained(const Recordings& x, const Context& context) {
  const Features features = features_of(x);
  models::SpeechCrnn model;
  models::train_classifier(*model,
                           [&](const at::Tensor& indices) {
                             const at::Tensor frames = features.frames.index_select(0, indices);
                             const auto longest = frames.max().item<std::int64_t>();
                             return model->forward(
                                 features.values.index_select(0, indices).narrow(2, 0, longest),
                                 frames);
                           },
                           x.labels,
                           {.epochs = 8,
                            .batch = kBatch,
                            .learning_rate = 3e-3,
                            .seed = context.seed,
                            .check_interrupt = context.check_interrupt});
  model->eval();
  return model;
}

/// Logits of all utterances, `batch` at a time: those of like length together, so that little
/// padding is computed.
at::Tensor recognize(models::SpeechCrnn& model, const Recordings& x, std::int64_t batch) {
  const c10::InferenceMode inference;
  const at::Tensor order = at::argsort(x.lengths);
  at::Tensor logits = at::empty({x.labels.size(0), 10});
  for (const at::Tensor& indices : order.split(batch)) {
    const Features features = features_of(x.at(indices));
    logits.index_copy_(0, indices, model->forward(features.values, features.frames));
  }
  return logits;
}

Workload prepare(const Context& context) {
  const std::int64_t count = context.scale == Scale::quick ? 2'000 : 20'000;
  std::string source;
  const Recordings train = generated(count, context.seed, source);
  const Recordings held_out = generated(1'000, context.seed + 1, source);
  const auto folder = context.find("speech/fsdd");
  const Recordings test = folder ? fsdd(*folder) : held_out;
  models::SpeechCrnn model = trained(train, context);
  const std::int64_t step = test.labels.size(0) / kTimedUtterances;
  const Recordings timed = test.at(at::arange(0, kTimedUtterances * step, step, at::kLong));
  const std::string tested =
      folder ? "Free Spoken Digit Dataset, 3,000 recordings of 6 people" : "1,000 held-out ones";
  return {.data = data_source(
              concat("trained on ", count, " digits by ", source, ", tested on ", tested), !folder,
              {train.samples, test.samples, test.labels}),
          .quality =
              [=]() mutable {
                const double alone = accuracy(recognize(model, test, 1), test.labels);
                const double batched = accuracy(recognize(model, test, kBatch), test.labels);
                const double known = accuracy(recognize(model, held_out, kBatch), held_out.labels);
                return Quality{.baseline = alone,
                               .candidate = batched,
                               .metrics = {{"accuracy on held-out generated digits", known, ""}}};
              },
          .baseline = [=]() mutable { recognize(model, timed, 1); },
          .candidate = [=]() mutable { recognize(model, timed, kBatch); }};
}

Case make_case() {
  return {.id = "speech/digit-accuracy",
          .domain = Domain::speech,
          .module = "models",
          .summary =
              "Spoken digits by log-mel features and a small CRNN trained on synthetic "
              "speech: 256 recordings one at a time, and in padded batches",
          .baseline = "one recording at a time",
          .candidate = "batches of 64 of like length, padding masked",
          .gate = {.metric = "accuracy",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.97,
                   .target_on_real = 0.75,
                   .most_relative_loss = 0.001},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench
