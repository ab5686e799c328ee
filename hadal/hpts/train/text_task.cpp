#include "hadal/hpts/train/text_task.h"

#include "hadal/core/error.h"
#include "hadal/hpts/train/evaluation_mode.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/GradMode.h>

namespace hadal::hpts {
namespace {

constexpr std::int64_t kTestBatch = 8;
constexpr std::int64_t kMostTestExamples = 256;

/// [examples, context + 1] of a text's bytes; an example's last is the first of the next one.
at::Tensor examples_of(const at::Tensor& text, std::int64_t context) {
  if (text.numel() <= context) {
    throw InvalidArgument(concat("text task: expected a text of more than ", context,
                                 " bytes, the model's context, got ", text.numel()));
  }
  return text.unfold(0, context + 1, context);
}

class TextTask final : public Task {
 public:
  TextTask(const models::DecoderLmOptions& options, const data::TextSet& text)
      : model_(options),
        train_(examples_of(text.train, options.context)),
        test_(examples_of(text.test, options.context)),
        description_(concat("decoder of ", options.layers, " layers of ", options.dim, ", ",
                            text.description)) {}

  torch::nn::Module& model() override { return *model_; }
  std::int64_t example_count() const override { return train_.size(0); }
  const std::string& description() const override { return description_; }

  at::Tensor loss(const at::Tensor& indices, Random&) override {
    return loss_of(train_.index_select(0, indices));
  }

  Score score() override {
    const EvaluationMode mode(*model_);
    const c10::NoGradGuard no_grad;
    const std::int64_t count = std::min(kMostTestExamples, test_.size(0));
    double sum = 0;
    for (std::int64_t begin = 0; begin < count; begin += kTestBatch) {
      const std::int64_t size = std::min(kTestBatch, count - begin);
      sum += loss_of(test_.narrow(0, begin, size)).item<double>() * static_cast<double>(size);
    }
    return {"perplexity per byte", std::exp(sum / static_cast<double>(count))};
  }

 private:
  at::Tensor loss_of(const at::Tensor& examples) {
    const at::Tensor ids = examples.to(at::kLong);
    const std::int64_t context = ids.size(1) - 1;
    const at::Tensor logits = model_->forward(ids.narrow(1, 0, context)).to(at::kFloat);
    return at::cross_entropy_loss(logits.flatten(0, 1), ids.narrow(1, 1, context).flatten());
  }

  models::DecoderLm model_;
  at::Tensor train_;
  at::Tensor test_;
  std::string description_;
};

}  // namespace

std::unique_ptr<Task> make_text_task(models::DecoderLmOptions model, const data::TextSet& text) {
  model.vocabulary = 256;
  return std::make_unique<TextTask>(model, text);
}

}  // namespace hadal::hpts
