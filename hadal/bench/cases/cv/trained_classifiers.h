#pragma once

#include "hadal/bench/runner/case.h"

#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Images [n, c, h, w] to logits [n, classes].
using ImageClassifier = std::function<at::Tensor(const at::Tensor&)>;

/// A trained classifier as it was trained, the same with its batch norms folded, and test data.
struct TrainedClassifiers {
  ImageClassifier plain;  ///< of normalized images, and so is the folded one
  ImageClassifier folded;
  ImageClassifier normalize;  ///< images in [0, 1] as the classifiers take them
  at::Tensor images;          ///< fp32 [n, c, h, w], in [0, 1]
  at::Tensor labels;          ///< int64 [n]
  DataSource data;
};

/// What `real_data` of a case with them has to name.
constexpr const char* kTrainedClassifierData = "cv/resnet20-cifar10.safetensors, cv/cifar10-4k";

/// The published ResNet-20 and CIFAR-10 images where they are there, else a small network and
/// digits drawn from strokes, both made here.
TrainedClassifiers trained_classifiers(const Context& context);

}  // namespace hadal::bench
