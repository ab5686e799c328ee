#include "hadal/bench/cases/cv/trained_classifiers.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/binomial.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/state.h"
#include "hadal/models/train.h"
#include "hadal/msp/watermark/weight_watermark.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

namespace hadal::bench::watermark_prune {
namespace {

constexpr std::int64_t kDenseBits = 256;
constexpr double kStrength = 3;

/// A trained classifier as weights, with the data that an attacker has and the data to test on.
struct Trained {
  msp::Weights weights;
  /// Weights trained on for an epoch, by the attacker.
  std::function<msp::Weights(const msp::Weights&)> fine_tune = {};
  std::function<double(const msp::Weights&)> score = {};
  msp::WatermarkKey key = {};
  std::uint64_t seed = 0;
};

template <class Model>
Model loaded(Model model, const msp::Weights& weights) {
  models::load_state(*model, weights);
  return model;
}

template <class Model>
msp::Weights copied(const Model& model) {
  msp::Weights weights;
  for (const auto& [name, tensor] : models::state(*model)) weights[name] = tensor.clone();
  return weights;
}

/// `model` serves for all that is computed later; the first `for_training` images are the
/// attacker's.
template <class Model>
Trained trained(Model model, const at::Tensor& images, const at::Tensor& labels,
                std::int64_t for_training, const Context& context) {
  Trained result{.weights = copied(model), .seed = context.seed};
  const at::Tensor train_images = images.narrow(0, 0, for_training);
  const at::Tensor train_labels = labels.narrow(0, 0, for_training);
  result.fine_tune = [=, seed = context.seed + 1](const msp::Weights& weights) {
    Model network = loaded(model, weights);
    const auto logits = [&](const at::Tensor& indices) {
      return network->forward(train_images.index_select(0, indices));
    };
    models::train_classifier(*network, logits, train_labels,
                             {.epochs = 1, .learning_rate = 1e-3, .seed = seed});
    return copied(network);
  };
  const std::int64_t rest = images.size(0) - for_training;
  const at::Tensor test_images = images.narrow(0, for_training, rest);
  const at::Tensor test_labels = labels.narrow(0, for_training, rest);
  result.score = [=](const msp::Weights& weights) {
    const at::NoGradGuard no_grad;
    Model network = loaded(model, weights);
    network->eval();
    return accuracy(network->forward(test_images), test_labels);
  };
  Random random(context.seed, "watermark key");
  for (auto& byte : result.key.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return result;
}

/// The weights without the half of all that is smallest in magnitude.
msp::Weights pruned(const msp::Weights& weights) {
  std::vector<at::Tensor> magnitudes;
  for (const auto& [name, tensor] : weights) {
    if (tensor.dim() >= 2) magnitudes.push_back(tensor.abs().flatten());
  }
  const at::Tensor sorted = std::get<0>(at::cat(magnitudes).sort());
  const at::Tensor middle = sorted.select(0, sorted.numel() / 2);
  msp::Weights result = weights;
  for (auto& [name, tensor] : result) {
    if (tensor.dim() >= 2) tensor = tensor * tensor.abs().gt(middle);
  }
  return result;
}

/// The key as Uchida et al. (2017) have it: a dense matrix of normal numbers, and 256 bits.
struct DenseKey {
  at::Tensor matrix, bits;
};

/// The largest tensor, which the dense key covers.
std::string largest(const msp::Weights& weights) {
  std::string name;
  for (const auto& [other, tensor] : weights) {
    if (name.empty() || tensor.numel() > weights.at(name).numel()) name = other;
  }
  return name;
}

DenseKey dense_key(const Trained& x) {
  seed_aten(x.seed);
  const std::int64_t elements = x.weights.at(largest(x.weights)).numel();
  return {.matrix = at::randn({kDenseBits, elements}),
          .bits = 2 * at::randint(2, {kDenseBits}).to(at::kFloat) - 1};
}

msp::Weights dense_embed(const Trained& x) {
  const DenseKey key = dense_key(x);
  msp::Weights weights = x.weights;
  at::Tensor& tensor = weights[largest(weights)];
  const at::Tensor deviation = tensor.std();
  const at::Tensor moves = key.matrix.t().mv(key.bits) *
                           (kStrength / std::sqrt(static_cast<double>(tensor.numel()))) * deviation;
  tensor = tensor + moves.view(tensor.sizes());
  return weights;
}

double dense_log10_p(const Trained& x, const msp::Weights& weights) {
  const DenseKey key = dense_key(x);
  const at::Tensor read = key.matrix.mv(weights.at(largest(weights)).flatten());
  const std::int64_t matches = (read * key.bits).gt(0).sum().item<std::int64_t>();
  return log10_fair_coin_tail(matches, kDenseBits);
}

msp::WatermarkClaim claim(const Trained& x, const msp::Weights& weights) {
  return msp::verify_watermark(weights, x.key, "owner");
}

Quality quality(const Trained& x) {
  const msp::Weights marked =
      msp::embed_watermark(x.weights, x.key, "owner", {.strength = kStrength}).weights;
  const msp::Weights tuned = x.fine_tune(marked), attacked = pruned(tuned);
  const msp::WatermarkClaim left = claim(x, attacked);
  return {.baseline = -dense_log10_p(x, pruned(x.fine_tune(dense_embed(x)))),
          .candidate = -left.log10_p,
          .metrics = {{"accuracy without a watermark", x.score(x.weights), ""},
                      {"accuracy with it", x.score(marked), ""},
                      {"accuracy after the attack", x.score(attacked), ""},
                      {"matching bits after the attack", static_cast<double>(left.matches), ""},
                      {"message read after the attack", left.is_read ? 1.0 : 0.0, ""},
                      {"-log10 p of a false key", -claim(x, x.weights).log10_p, ""}}};
}

struct Input {
  Trained trained;
  DataSource data;
};

Input published(const std::filesystem::path& weights, const std::filesystem::path& path,
                const Context& context) {
  models::ResNetCifar model(20);
  models::load_state(*model, SafetensorsReader(weights));
  const std::int64_t count = context.scale == Scale::quick ? 512 : 4'000;
  const std::int64_t for_training = count * 3 / 4;
  const data::LabelledImages cifar = data::read_cifar10(path);
  const at::Tensor images = models::normalize_cifar(cifar.images.narrow(0, 0, count));
  const at::Tensor labels = cifar.labels.narrow(0, 0, count);
  return {.trained = trained(model, images, labels, for_training, context),
          .data = data_source(concat("ResNet-20 with published weights, fine-tuned on ",
                                     for_training, " images of CIFAR-10"),
                              false, {images, labels})};
}

Input generated(const Context& context) {
  const std::int64_t count = context.scale == Scale::quick ? 6'000 : 30'000;
  const data::LabelledImages glyphs = data::generate_glyphs(count, context.seed);
  const at::Tensor images = glyphs.images.to(at::kFloat) / 255;
  const std::int64_t for_training = count * 5 / 6;
  models::GlyphCnn model(10);
  const at::Tensor train_labels = glyphs.labels.narrow(0, 0, for_training);
  models::train_classifier(
      *model,
      [&](const at::Tensor& indices) { return model->forward(images.index_select(0, indices)); },
      train_labels,
      {.epochs = 3,
       .learning_rate = 3e-3,
       .seed = context.seed,
       .check_interrupt = context.check_interrupt});
  return {.trained = trained(model, images, glyphs.labels, for_training, context),
          .data = data_source(concat("generated digits, trained on ", for_training), true,
                              {glyphs.images, glyphs.labels})};
}

/// FLOPs of msp::verify_watermark: for each element that carries a bit its square and the sum of
/// these, then its scaling, its sign, its bit's sum and count.
double verify_flops(const msp::Weights& weights) {
  std::int64_t carriers = 0;
  for (const auto& [name, tensor] : weights) carriers += tensor.dim() >= 2 ? tensor.numel() : 0;
  return 6 * static_cast<double>(carriers);
}

Workload prepare(const Context& context) {
  const auto weights = context.find("cv/resnet20-cifar10.safetensors");
  const auto images = context.find("cv/cifar10-4k/data_batch_1-first-4000.bin.gz");
  const Input input =
      weights && images ? published(*weights, *images, context) : generated(context);
  const Trained x = input.trained;
  return {.data = input.data,
          .quality = [x] { return quality(x); },
          .baseline = [x] { dense_log10_p(x, x.weights); },
          .candidate = [x] { claim(x, x.weights); },
          .candidate_flops = verify_flops(x.weights)};
}

Case make_case() {
  return {
      .id = "cv/watermark-prune",
      .domain = Domain::cv,
      .module = "msp",
      .summary =
          "A watermark in a classifier's weights that an attacker fine-tunes for an epoch "
          "and prunes by half; timed is a look for it",
      .baseline = "a dense key over the largest tensor (Uchida et al., 2017), its bits moved alike",
      .candidate = "msp::verify_watermark over all tensors",
      .gate = {.metric = "-log10 of the chance of a false claim, after the attack",
               .bound = QualityResult::Bound::at_least,
               .target = 9},
      .real_data = kTrainedClassifierData,
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::watermark_prune
