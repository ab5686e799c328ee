#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/state.h"
#include "hadal/models/train.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::resnet_accuracy {
namespace {

constexpr std::int64_t kBatch = 250;
constexpr std::int64_t kTimedImages = 1'000;

/// Images [n, c, h, w] to logits [n, classes].
using Classifier = std::function<at::Tensor(const at::Tensor&)>;

/// A trained classifier as it was trained, the same with its batch norms folded, and test data.
struct Classifiers {
  Classifier plain;
  Classifier folded;
  at::Tensor images;  // fp32 [n, c, h, w], as the model takes them
  at::Tensor labels;  // int64 [n]
  DataSource data;
};

at::Tensor logits_of(const Classifier& classifier, const at::Tensor& images) {
  const c10::InferenceMode inference;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& batch : images.split(kBatch)) parts.push_back(classifier(batch));
  return at::cat(parts);
}

template <class Model>
Classifier classifier_of(Model model) {
  model->eval();
  return [model](const at::Tensor& images) mutable { return model->forward(images); };
}

/// The published ResNet-20 and CIFAR-10 images.
Classifiers published(const std::filesystem::path& weights, const std::filesystem::path& images) {
  const SafetensorsReader reader(weights);
  const auto load = [&] {
    models::ResNetCifar model(20);
    models::load_state(*model, reader);
    return model;
  };
  models::ResNetCifar folded = load();
  folded->fold_batch_norm();
  const data::LabelledImages cifar = data::read_cifar10(images);
  return {.plain = classifier_of(load()),
          .folded = classifier_of(folded),
          .images = models::normalize_cifar(cifar.images),
          .labels = cifar.labels,
          .data = data_source(concat("ResNet-20 with published weights, CIFAR-10 (",
                                     cifar.images.size(0), " images)"),
                              false, {cifar.images, cifar.labels, reader.tensor("linear.weight")})};
}

/// A small network and digits drawn from strokes, both made here.
Classifiers generated(const Context& context) {
  const std::int64_t count = context.scale == Scale::quick ? 8'000 : 30'000;
  const data::LabelledImages train = data::generate_glyphs(count, context.seed);
  const data::LabelledImages test = data::generate_glyphs(4'000, context.seed + 1);
  const auto scaled = [](const at::Tensor& images) { return images.to(at::kFloat) / 255; };
  const at::Tensor images = scaled(train.images);
  models::GlyphCnn model(10);
  models::train_classifier(
      *model,
      [&](const at::Tensor& indices) { return model->forward(images.index_select(0, indices)); },
      train.labels,
      {.epochs = 6,
       .batch = 64,
       .learning_rate = 3e-3,
       .seed = context.seed,
       .check_interrupt = context.check_interrupt});
  models::GlyphCnn folded(10);
  models::load_state(*folded, models::state(*model));
  folded->fold_batch_norm();
  return {.plain = classifier_of(model),
          .folded = classifier_of(folded),
          .images = scaled(test.images),
          .labels = test.labels,
          .data = data_source(concat("generated digits, trained on ", count, ", tested on 4,000"),
                              true, {train.images, test.images, test.labels})};
}

Workload prepare(const Context& context) {
  const auto weights = context.find("cv/resnet20-cifar10.safetensors");
  const auto images = context.find("cv/cifar10-4k/data_batch_1-first-4000.bin.gz");
  const Classifiers x = weights && images ? published(*weights, *images) : generated(context);
  const at::Tensor timed = x.images.narrow(0, 0, kTimedImages);
  return {.data = x.data,
          .quality =
              [x] {
                const at::Tensor plain = logits_of(x.plain, x.images);
                const at::Tensor folded = logits_of(x.folded, x.images);
                return Quality{.baseline = accuracy(plain, x.labels),
                               .candidate = accuracy(folded, x.labels),
                               .metrics = {{"largest difference of a logit",
                                            (plain - folded).abs().max().item<double>(), ""}}};
              },
          .baseline = [x, timed] { logits_of(x.plain, timed); },
          .candidate = [x, timed] { logits_of(x.folded, timed); }};
}

Case make_case() {
  return {.id = "cv/resnet-accuracy",
          .domain = Domain::cv,
          .module = "models",
          .summary =
              "Image classification in fp32, 1,000 images in batches of 250: batch norms as "
              "they were trained, and folded into the convolutions before them",
          .baseline = "batch norm as a layer of its own",
          .candidate = "batch norm folded into the convolution",
          .gate = {.metric = "accuracy",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.94,
                   .target_on_real = 0.917,
                   .most_relative_loss = 0.001},
          .real_data = "cv/resnet20-cifar10.safetensors, cv/cifar10-4k",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::resnet_accuracy
