#include "hadal/bench/cases/nlp/generation.h"

#include "hadal/core/flops.h"
#include "hadal/dao/decode/decode.h"

#include <cmath>
#include <functional>

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

/// Attention that keeps the keys and values of each layer in a cache.
class CachedAttention {
 public:
  CachedAttention(const models::DecoderLmOptions& model, std::int64_t rows, std::int64_t tokens,
                  const GenerationOptions& options)
      : options_(options) {
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
      caches_.emplace_back(dao::KvCacheOptions{
          .pages = rows * dao::blocks_of(tokens),
          .kv_heads = model.kv_heads,
          .head_dim = model.dim / model.heads,
          .type = at::kFloat,
          .scorer =
              options.budget ? options.scorers.at(static_cast<std::size_t>(layer)) : nullptr});
      sequences_.emplace_back();
      for (std::int64_t row = 0; row < rows; ++row) {
        sequences_.back().push_back(caches_.back().add());
      }
    }
  }

  at::Tensor operator()(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                        std::int64_t layer) {
    dao::PagedKvCache& cache = caches_.at(static_cast<std::size_t>(layer));
    const auto& sequences = sequences_.at(static_cast<std::size_t>(layer));
    const std::int64_t before = cache.length(sequences.front());
    cache.append(sequences, key, value);
    const bool is_step = before > 0;
    const dao::DecodeOptions options{.budget = is_step ? options_.budget : std::nullopt};
    flops_ += dao::decode_flops(query, cache, sequences, options) +
              append_flops(cache, key, before, before + key.size(2));
    const dao::DecodeResult result = dao::decode(query, cache, sequences, options);
    if (is_step) {
      kept_ += result.kept;
      steps_ += 1;
    }
    return result.output;
  }

  double flops() const { return flops_; }
  double kept() const { return kept_ / steps_; }  ///< the mean over layers and steps

 private:
  /// Of describing the pages that became full.
  static double append_flops(const dao::PagedKvCache& cache, const at::Tensor& key,
                             std::int64_t before, std::int64_t after) {
    if (!cache.options().scorer) return 0;
    const std::int64_t full =
        (after / dao::kBlockSize - before / dao::kBlockSize) * dao::kBlockSize;
    const at::Tensor pages = at::empty({key.size(0), key.size(1), full, key.size(3)}, at::kMeta);
    return cache.options().scorer->flops(pages.narrow(2, 0, 0), pages, {});
  }

  GenerationOptions options_;
  std::vector<dao::PagedKvCache> caches_;  // of each layer
  std::vector<std::vector<dao::PagedKvCache::Sequence>> sequences_;
  double flops_ = 0, kept_ = 0, steps_ = 0;
};

/// Floating-point operations of the model for `ids`, but for attention.
double flops_without_attention(models::DecoderLm& model, const at::Tensor& ids) {
  const FlopCounter counter;
  model->forward(ids, {.attention = [](const at::Tensor& query, const auto&...) { return query; }});
  return counter.flops();
}

}  // namespace

Generation generate_text_of(models::DecoderLm& model, const at::Tensor& ids,
                            const GenerationOptions& options) {
  const c10::InferenceMode inference;
  const std::int64_t tokens = ids.size(1);
  CachedAttention attention(model->options(), ids.size(0), tokens, options);
  double sum = 0;
  for (std::int64_t at = 0, next = options.prompt; next < tokens; at = next++) {
    const at::Tensor logits = model->forward(
        ids.slice(1, at, next), {.first_position = at, .attention = std::ref(attention)});
    sum += at::cross_entropy_loss(logits.select(1, -1), ids.select(1, next), {}, at::Reduction::Sum)
               .item<double>();
  }
  const auto generated = static_cast<double>(ids.size(0) * (tokens - options.prompt));
  return {.perplexity = std::exp(sum / generated),
          .flops = flops_without_attention(model, ids.narrow(1, 0, tokens - 1)) + attention.flops(),
          .kept = attention.kept()};
}

}  // namespace hadal::bench
