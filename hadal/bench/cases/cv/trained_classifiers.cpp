#include "hadal/bench/cases/cv/trained_classifiers.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/state.h"
#include "hadal/models/train.h"

#include <filesystem>

#include <ATen/TensorOperators.h>

namespace hadal::bench {
namespace {

template <class Model>
ImageClassifier classifier_of(Model model) {
  model->eval();
  return [model](const at::Tensor& images) mutable { return model->forward(images); };
}

at::Tensor scaled(const at::Tensor& images) { return images.to(at::kFloat) / 255; }

TrainedClassifiers published(const std::filesystem::path& weights,
                             const std::filesystem::path& images) {
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
          .normalize = models::normalize_cifar,
          .images = scaled(cifar.images),
          .labels = cifar.labels,
          .data = data_source(concat("ResNet-20 with published weights, CIFAR-10 (",
                                     cifar.images.size(0), " images)"),
                              false, {cifar.images, cifar.labels, reader.tensor("linear.weight")})};
}

TrainedClassifiers generated(const Context& context) {
  const std::int64_t count = context.scale == Scale::quick ? 8'000 : 30'000;
  const data::LabelledImages train = data::generate_glyphs(count, context.seed);
  const data::LabelledImages test = data::generate_glyphs(4'000, context.seed + 1);
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
          .normalize = [](const at::Tensor& x) { return x; },
          .images = scaled(test.images),
          .labels = test.labels,
          .data = data_source(concat("generated digits, trained on ", count, ", tested on 4,000"),
                              true, {train.images, test.images, test.labels})};
}

}  // namespace

TrainedClassifiers trained_classifiers(const Context& context) {
  const auto weights = context.find("cv/resnet20-cifar10.safetensors");
  const auto images = context.find("cv/cifar10-4k/data_batch_1-first-4000.bin.gz");
  return weights && images ? published(*weights, *images) : generated(context);
}

}  // namespace hadal::bench
