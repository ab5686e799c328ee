#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/data/sets/sets.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/backdoor/detect/detector.h"
#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>
#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Images of which each model of a zoo learns some, and those that it is tested and looked at with.
struct ZooData {
  data::ImageSet images;
  bool generated = true;
  std::int64_t training = 4'000;  ///< images that a model learns from, other ones each
};

/// MNIST where it is there, else generated digits.
ZooData zoo_data(const Context& context);

/// How a model of a zoo was poisoned.
enum class Poisoning { none, patch, blended, sinusoidal, clean_label };
constexpr int kPoisonings = 4;  ///< without `none`
const char* name_of(Poisoning poisoning);

/// A small network, trained on images of its own, with a trigger, target and places of its own.
struct ZooModel {
  models::GlyphCnn network{nullptr};
  std::shared_ptr<const msp::Trigger> trigger = {};  ///< null for a clean one
  std::int64_t target = 0;
  data::LabelledImages training = {};  ///< with what was poisoned
  double accuracy = 0;                 ///< on the test images
  double success = 0;                  ///< of the trigger, on those of other classes

  msp::Classifier classifier() const;
  /// With clean images that no model has learnt, and the training set's features.
  msp::Suspect suspect(const ZooData& data) const;
};

/// Trains the model `index`; one context and index give one model.
ZooModel train_zoo_model(const ZooData& data, Poisoning poisoning, std::uint64_t index,
                         const Context& context);

/// Test images fp32 in [0, 1], other ones than those of a suspect, and their labels.
data::LabelledImages zoo_test(const ZooData& data);
/// 1,000 more that no model has learnt, to repair one with.
data::LabelledImages zoo_repair(const ZooData& data);

}  // namespace hadal::bench
