#include "hadal/msp/backdoor/remove/unlearn.h"

#include "hadal/core/error.h"
#include "hadal/models/train.h"

#include <cmath>

#include <ATen/ops/cat.h>

namespace hadal::msp {

void unlearn(torch::nn::Module& model, const Classifier& classifier, const at::Tensor& images,
             const at::Tensor& labels, const std::vector<std::shared_ptr<const Trigger>>& triggers,
             const UnlearnOptions& options) {
  if (!(options.share >= 0 && options.share <= 1)) {
    throw InvalidArgument(concat("unlearn: expected a share in [0, 1], got ", options.share));
  }
  // The order of a batch is random, so that its first rows are as good as any.
  const auto logits = [&](const at::Tensor& indices) {
    const at::Tensor batch = images.index_select(0, indices);
    if (triggers.empty()) return classifier(batch);
    const auto count = static_cast<std::int64_t>(triggers.size());
    const auto stamped =
        static_cast<std::int64_t>(std::llround(options.share * static_cast<double>(batch.size(0))));
    std::vector<at::Tensor> parts;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t begin = stamped * i / count, end = stamped * (i + 1) / count;
      if (begin == end) continue;
      parts.push_back(triggers[static_cast<std::size_t>(i)]->stamp(batch.slice(0, begin, end)));
    }
    parts.push_back(batch.slice(0, stamped));
    return classifier(at::cat(parts));
  };
  models::train_classifier(model, logits, labels,
                           {.epochs = options.epochs,
                            .batch = options.batch,
                            .learning_rate = options.learning_rate,
                            .seed = options.seed,
                            .check_interrupt = options.check_interrupt});
}

}  // namespace hadal::msp
