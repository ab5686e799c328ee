#include "hadal/bench/cases/nlp/recall_lm.h"

#include "hadal/bench/cases/nlp/recall_text.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/models/train.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/where.h>

namespace hadal::bench {
namespace {

constexpr double kAnswerWeight = 1;  ///< of the mean loss of answers beside that of all tokens

/// A part of the training, with a learning rate that rises and falls on its own.
struct Stage {
  std::int64_t tokens, batch, steps;
};

struct Recipe {
  std::int64_t dim, layers, heads, hidden;
  std::vector<Stage> stages;
};

/// The small model of a quick run learns to write a little, and not to recall.
Recipe recipe_of(Scale scale) {
  if (scale == Scale::quick) {
    return {.dim = 64,
            .layers = 2,
            .heads = 2,
            .hidden = 168,
            .stages = {{512, 2, 240}, {kRecallContext, 1, 24}}};
  }
  return {.dim = 128,
          .layers = 4,
          .heads = 4,
          .hidden = 344,
          .stages = {{64, 32, 350}, {512, 4, 200}, {kRecallContext, 2, 550}}};
}

at::Tensor dense_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                           std::int64_t /*layer*/) {
  return dao::attention(query, key, value).output;
}

at::Tensor loss_of(models::DecoderLm& model, const RecallText& text) {
  const at::Tensor logits = model->forward(text.ids, {.attention = dense_attention}).flatten(0, 1);
  const at::Tensor targets = text.targets.flatten();
  const at::Tensor answers = at::where(text.distance.flatten() > 0, targets, kNoTarget);
  return at::cross_entropy_loss(logits, targets) +
         kAnswerWeight * at::cross_entropy_loss(logits, answers);
}

}  // namespace

models::DecoderLm train_recall_lm(const TextCorpus& corpus, const Context& context) {
  const Recipe recipe = recipe_of(context.scale);
  models::DecoderLm model(models::DecoderLmOptions{.vocabulary = kRecallVocabulary,
                                                   .dim = recipe.dim,
                                                   .layers = recipe.layers,
                                                   .heads = recipe.heads,
                                                   .kv_heads = recipe.heads,
                                                   .hidden = recipe.hidden,
                                                   .context = kRecallContext,
                                                   .rope_theta = 1e5});
  for (const Stage& stage : recipe.stages) {
    const auto loss = [&](const at::Tensor& indices) {
      return loss_of(model, recall_text(corpus.train, stage.tokens, context.seed, indices));
    };
    models::train(model->parameters(), stage.steps * stage.batch, loss,
                  {.batch = stage.batch,
                   .learning_rate = 3e-3,
                   .weight_decay = 0.1,
                   .seed = context.seed,
                   .check_interrupt = context.check_interrupt});
  }
  model->eval();
  return model;
}

}  // namespace hadal::bench
