#include "hadal/bench/cases/cv/trained_classifiers.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::resnet_accuracy {
namespace {

constexpr std::int64_t kBatch = 250;
constexpr std::int64_t kTimedImages = 1'000;

at::Tensor logits_of(const ImageClassifier& classifier, const at::Tensor& images) {
  const c10::InferenceMode inference;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& batch : images.split(kBatch)) parts.push_back(classifier(batch));
  return at::cat(parts);
}

Workload prepare(const Context& context) {
  const TrainedClassifiers x = trained_classifiers(context);
  const at::Tensor images = x.normalize(x.images);
  const at::Tensor timed = images.narrow(0, 0, kTimedImages);
  return {.data = x.data,
          .quality =
              [x, images] {
                const at::Tensor plain = logits_of(x.plain, images);
                const at::Tensor folded = logits_of(x.folded, images);
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
          .real_data = kTrainedClassifierData,
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::resnet_accuracy
