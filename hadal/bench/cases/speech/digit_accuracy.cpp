#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/audio/augment.h"
#include "hadal/data/audio/log_mel.h"
#include "hadal/data/audio/normalize.h"
#include "hadal/data/generate/spoken_digits.h"
#include "hadal/data/readers/fsdd.h"
#include "hadal/data/readers/wav.h"
#include "hadal/models/speech_crnn.h"
#include "hadal/models/train.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::digit_accuracy {
namespace {

constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kTimedUtterances = 256;
constexpr std::int64_t kTimedUtterancesQuick = 64;

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
  static const data::LogMel log_mel({.window = 256, .hop = 128, .log_offset = 0.1});
  const at::Tensor frames = log_mel.frames(x.lengths);
  const at::Tensor values = log_mel(data::normalize_peaks(x.samples), x.lengths);
  return {data::normalize_utterances(values, frames), frames};
}

/// The same for many, in parts, because the transforms take a multiple of the samples' memory.
Features features_of_many(const Recordings& x) {
  std::vector<at::Tensor> values, frames;
  const std::int64_t count = x.labels.size(0);
  for (std::int64_t i = 0; i < count; i += kBatch) {
    const auto part = [&](const at::Tensor& tensor) {
      return tensor.narrow(0, i, std::min(kBatch, count - i));
    };
    Features features = features_of({part(x.samples), part(x.lengths), part(x.labels)});
    values.push_back(features.values);
    frames.push_back(features.frames);
  }
  return {at::cat(values), at::cat(frames)};
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
  const Features features = features_of_many(x);
  models::SpeechCrnn model;
  Random random(context.seed, "masks");
  const auto logits = [&](const at::Tensor& indices) {
    const at::Tensor frames = features.frames.index_select(0, indices);
    const auto longest = frames.max().item<std::int64_t>();
    const at::Tensor values = features.values.index_select(0, indices).narrow(2, 0, longest);
    return model->forward(data::mask_features(values, frames, random), frames);
  };
  models::train_classifier(*model, logits, x.labels,
                           {.epochs = context.scale == Scale::quick ? 8 : 20,
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

/// What the model is tested on. Speech by the formant synthesizer is too far from people's for a
/// model that knows nothing else to be held to a target on these.
struct Trial {
  Recordings held_out;                    // generated, by other seeds
  std::optional<Recordings> people = {};  // FSDD, where it is there
  bool judged_by_people = false;

  const Recordings& judged() const { return judged_by_people ? *people : held_out; }
};

Quality quality_of(models::SpeechCrnn& model, const Trial& trial) {
  const auto accuracy_of = [&](const Recordings& x, std::int64_t batch) {
    return accuracy(recognize(model, x, batch), x.labels);
  };
  Quality quality{.baseline = accuracy_of(trial.judged(), 1),
                  .candidate = accuracy_of(trial.judged(), kBatch)};
  quality.metrics.push_back(
      {"accuracy on generated digits", accuracy_of(trial.held_out, kBatch), ""});
  if (trial.people) {
    quality.metrics.push_back({"accuracy on people's", accuracy_of(*trial.people, kBatch), ""});
  }
  return quality;
}

Workload prepare(const Context& context) {
  const std::int64_t count = context.scale == Scale::quick ? 3'000 : 12'000;
  std::string source;
  const Recordings train = generated(count, context.seed, source);
  Trial trial{.held_out = generated(1'000, context.seed + 1, source)};
  if (const auto folder = context.find("speech/fsdd")) {
    trial.people = fsdd(*folder);
    trial.judged_by_people = source.starts_with("espeak");
  }
  models::SpeechCrnn model = trained(train, context);
  const Recordings& test = trial.judged();
  const std::int64_t timed_count =
      context.scale == Scale::quick ? kTimedUtterancesQuick : kTimedUtterances;
  const std::int64_t step = test.labels.size(0) / timed_count;
  const Recordings timed = test.at(at::arange(0, timed_count * step, step, at::kLong));
  const std::string tested = trial.judged_by_people
                                 ? "the Free Spoken Digit Dataset (3,000 recordings, 6 people)"
                                 : "1,000 held-out ones";
  return {.data = data_source(
              concat("trained on ", count, " digits by ", source, ", tested on ", tested),
              !trial.judged_by_people, {train.samples, test.samples, test.labels}),
          .quality = [=]() mutable { return quality_of(model, trial); },
          .baseline = [=]() mutable { recognize(model, timed, 1); },
          .candidate = [=]() mutable { recognize(model, timed, kBatch); }};
}

Case make_case() {
  return {.id = "speech/digit-accuracy",
          .domain = Domain::speech,
          .module = "models",
          .version = 2,
          .summary =
              "Spoken digits by log-mel features and a small CRNN trained on synthetic "
              "speech: 256 recordings (64 in a quick run) one at a time, and in padded batches",
          .baseline = "one recording at a time",
          .candidate = "batches of 64 of like length, padding masked",
          .gate = {.metric = "accuracy",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.9,
                   .target_on_real = 0.6,
                   .most_relative_loss = 0.001},
          .real_data = "speech/fsdd",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::digit_accuracy
