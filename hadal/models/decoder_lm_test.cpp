#include "hadal/models/decoder_lm.h"

#include "hadal/models/state.h"
#include "hadal/models/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::parameter_count;
using testing::randomize;

constexpr DecoderLmOptions kTiny{.vocabulary = 11,
                                 .dim = 12,
                                 .layers = 2,
                                 .heads = 3,
                                 .kv_heads = 1,
                                 .hidden = 10,
                                 .context = 16};

/// A tiny model with weights so large that no part of it is nearly linear.
DecoderLm tiny_model(DecoderLmOptions options = kTiny) {
  DecoderLm model(options);
  randomize(*model, 0.5);
  model->to(at::kDouble);
  return model;
}

TEST(DecoderLm, NamesTensorsAsLlamaForCausalLMDoes) {
  DecoderLmOptions options = kTiny;
  options.layers = 1;
  const std::map<std::string, std::vector<std::int64_t>> expected{
      {"model.embed_tokens.weight", {11, 12}},
      {"model.layers.0.input_layernorm.weight", {12}},
      {"model.layers.0.mlp.down_proj.weight", {12, 10}},
      {"model.layers.0.mlp.gate_proj.weight", {10, 12}},
      {"model.layers.0.mlp.up_proj.weight", {10, 12}},
      {"model.layers.0.post_attention_layernorm.weight", {12}},
      {"model.layers.0.self_attn.k_proj.weight", {4, 12}},
      {"model.layers.0.self_attn.o_proj.weight", {12, 12}},
      {"model.layers.0.self_attn.q_proj.weight", {12, 12}},
      {"model.layers.0.self_attn.v_proj.weight", {4, 12}},
      {"model.norm.weight", {12}}};
  std::map<std::string, std::vector<std::int64_t>> found;
  for (const auto& [name, tensor] : state(*DecoderLm(options))) found[name] = tensor.sizes().vec();
  EXPECT_EQ(found, expected);
}

TEST(DecoderLm, AnUntiedModelHasAnOutputLayerOfItsOwn) {
  DecoderLmOptions options = kTiny;
  options.tied_embeddings = false;
  DecoderLm untied = tiny_model(options), tied = tiny_model();
  EXPECT_EQ(parameter_count(*untied), parameter_count(*tied) + 11 * 12);
  auto tensors = state(*untied);
  const at::Tensor output = tensors.at("lm_head.weight");
  ASSERT_EQ(output.sizes(), (at::IntArrayRef{11, 12}));
  tensors.erase("lm_head.weight");
  load_state(*tied, tensors);
  const at::Tensor ids = at::randint(11, {2, 9}, at::kLong);
  EXPECT_GT(max_difference(untied->forward(ids), tied->forward(ids)), 0.1);
  output.copy_(tensors.at("model.embed_tokens.weight"));
  EXPECT_LT(max_difference(untied->forward(ids), tied->forward(ids)), 1e-12);
}

TEST(DecoderLm, ALaterTokenChangesNoEarlierLogit) {
  DecoderLm model = tiny_model();
  const at::Tensor ids = at::randint(11, {2, 16}, at::kLong);
  const at::Tensor logits = model->forward(ids);
  for (std::int64_t at = 1; at < 16; ++at) {
    at::Tensor other = ids.clone();
    other.select(1, at).add_(1).remainder_(11);
    const at::Tensor changed = model->forward(other);
    EXPECT_EQ(max_difference(changed.slice(1, 0, at), logits.slice(1, 0, at)), 0) << at;
    EXPECT_GT(max_difference(changed.select(1, at), logits.select(1, at)), 1e-3) << at;
    EXPECT_LT(max_difference(model->forward(ids.slice(1, 0, at)), logits.slice(1, 0, at)), 1e-12);
  }
}

TEST(DecoderLm, AnEarlierTokenChangesEveryLaterLogit) {
  DecoderLm model = tiny_model();
  const at::Tensor ids = at::randint(11, {1, 16}, at::kLong);
  at::Tensor other = ids.clone();
  other.select(1, 0).add_(1).remainder_(11);
  const at::Tensor change = (model->forward(other) - model->forward(ids)).abs().amax(-1);
  EXPECT_GT(change.min().item<double>(), 1e-4);
}

TEST(DecoderLm, GivesTheLastLogitsAlone) {
  DecoderLm model = tiny_model();
  const at::Tensor ids = at::randint(11, {2, 16}, at::kLong);
  const at::Tensor last = model->forward(ids, {.last_only = true});
  EXPECT_EQ(last.sizes(), (std::vector<std::int64_t>{2, 1, 11}));
  EXPECT_LT(max_difference(last, model->forward(ids).slice(1, 15)), 1e-12);
}

TEST(DecoderLm, GroupedQueriesEqualRepeatedKeysAndValues) {
  DecoderLmOptions options = kTiny;
  options.dim = 16;
  options.heads = 4;
  options.kv_heads = 2;
  DecoderLm grouped = tiny_model(options);
  options.kv_heads = 4;
  DecoderLm full(options);
  full->to(at::kDouble);
  auto tensors = state(*grouped);
  for (auto& [name, tensor] : tensors) {
    if (name.find("k_proj") == name.npos && name.find("v_proj") == name.npos) continue;
    tensor = tensor.view({2, 4, 16}).repeat_interleave(2, 0).reshape({16, 16});
  }
  load_state(*full, tensors);
  const at::Tensor ids = at::randint(11, {3, 10}, at::kLong);
  EXPECT_LT(max_difference(grouped->forward(ids), full->forward(ids)), 1e-12);
}

double loss_of(DecoderLm& model, const at::Tensor& ids, const at::Tensor& targets) {
  const c10::NoGradGuard no_grad;
  return at::cross_entropy_loss(model->forward(ids).flatten(0, 1), targets).item<double>();
}

TEST(DecoderLm, GradientsAreThoseOfFiniteDifferences) {
  DecoderLmOptions options = kTiny;
  options.layers = 1;
  options.tied_embeddings = false;
  DecoderLm model = tiny_model(options);
  const at::Tensor ids = at::randint(11, {2, 5}, at::kLong);
  const at::Tensor targets = at::randint(11, {10}, at::kLong);
  at::cross_entropy_loss(model->forward(ids).flatten(0, 1), targets).backward();
  constexpr double kStep = 1e-6;
  for (const auto& item : model->named_parameters()) {
    const at::Tensor values = item.value().detach().view(-1);
    const at::Tensor gradient = item.value().grad().view(-1);
    for (std::int64_t i = 0; i < values.numel(); i += 3) {
      const double value = values[i].item<double>();
      values[i].fill_(value + kStep);
      const double above = loss_of(model, ids, targets);
      values[i].fill_(value - kStep);
      const double below = loss_of(model, ids, targets);
      values[i].fill_(value);
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * kStep), 1e-8)
          << item.key() << " " << i;
    }
  }
}

TEST(DecoderLm, StaysCloseToFp64InFp32AndBf16) {
  DecoderLm model(DecoderLmOptions{.vocabulary = 40, .dim = 64, .hidden = 96, .context = 64});
  randomize(*model, 0.15);
  const at::Tensor ids = at::randint(40, {2, 64}, at::kLong);
  model->to(at::kBFloat16);  // first, so that the weights are the same in each type
  const at::Tensor in_bf16 = model->forward(ids);
  model->to(at::kFloat);
  const at::Tensor in_fp32 = model->forward(ids);
  model->to(at::kDouble);
  const at::Tensor exact = model->forward(ids);
  EXPECT_EQ(in_bf16.scalar_type(), at::kBFloat16);
  const double deviation = exact.std().item<double>();
  EXPECT_LT(max_difference(in_fp32, exact), 1e-4 * deviation);
  EXPECT_LT((in_bf16 - exact).std().item<double>(), 0.03 * deviation);
}

TEST(DecoderLm, StartsAsGpt2Does) {
  at::manual_seed(3);
  const auto tensors =
      state(*DecoderLm(DecoderLmOptions{.vocabulary = 300, .dim = 128, .layers = 8}));
  for (const auto& [name, tensor] : tensors) {
    if (tensor.dim() == 1) {
      EXPECT_TRUE((tensor == 1).all().item<bool>()) << name;
      continue;
    }
    const bool residual = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
    const double expected = residual ? 0.02 / 4 : 0.02;  // sqrt(2 * 8 layers) = 4
    EXPECT_NEAR(tensor.std().item<double>(), expected, 0.03 * expected) << name;
    EXPECT_NEAR(tensor.mean().item<double>(), 0, 0.04 * expected) << name;
  }
}

TEST(DecoderLm, RefusesIdsThatItCannotTake) {
  DecoderLm model(kTiny);
  const auto refusal = [&](const at::Tensor& ids) {
    return error_of([&] { model->forward(ids); });
  };
  const at::Tensor ids = at::randint(11, {1, 16}, at::kLong);
  EXPECT_TRUE(contains(refusal(ids[0]), "ids: expected Long [*, *], got Long [16]"));
  EXPECT_TRUE(contains(refusal(ids.to(at::kInt)), "got Int [1, 16]"));
  EXPECT_TRUE(contains(refusal(ids.slice(1, 0, 0)), "got Long [1, 0]"));
  EXPECT_TRUE(contains(refusal({}), "undefined"));
  EXPECT_TRUE(contains(refusal(ids.repeat({1, 2})), "at most 16 tokens (the context), got 32"));
  EXPECT_TRUE(
      contains(refusal(at::tensor({3, 11}, at::kLong).view({1, 2})), "ids from 0 to 10, got 11"));
  EXPECT_TRUE(
      contains(refusal(at::tensor({-1, 3}, at::kLong).view({1, 2})), "ids from 0 to 10, got -1"));
}

template <class T>
std::string refusal_with(T DecoderLmOptions::* member, T value) {
  DecoderLmOptions options = kTiny;
  options.*member = value;
  return error_of([&] { DecoderLm{options}; });
}

TEST(DecoderLm, RefusesOptionsThatAreNoModel) {
  using Options = DecoderLmOptions;
  constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(contains(refusal_with(&Options::vocabulary, {0}), "a positive vocabulary, got 0"));
  EXPECT_TRUE(contains(refusal_with(&Options::dim, {-12}), "a positive dim, got -12"));
  EXPECT_TRUE(contains(refusal_with(&Options::layers, {0}), "a positive number of layers"));
  EXPECT_TRUE(contains(refusal_with(&Options::heads, {0}), "a positive number of heads"));
  EXPECT_TRUE(contains(refusal_with(&Options::kv_heads, {0}), "a positive number of kv_heads"));
  EXPECT_TRUE(contains(refusal_with(&Options::hidden, {0}), "a positive hidden width"));
  EXPECT_TRUE(contains(refusal_with(&Options::context, {0}), "a positive context"));
  EXPECT_TRUE(contains(refusal_with(&Options::dim, {13}), "twice the 3 heads, got 13"));
  EXPECT_TRUE(contains(refusal_with(&Options::dim, {9}), "twice the 3 heads, got 9"));
  EXPECT_TRUE(contains(refusal_with(&Options::heads, {kHuge}), "heads, got 12"));
  EXPECT_TRUE(contains(refusal_with(&Options::kv_heads, {2}), "divide the 3 heads, got 2"));
  for (const double value : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    EXPECT_TRUE(contains(refusal_with(&Options::norm_epsilon, value), concat(value)));
    EXPECT_TRUE(contains(refusal_with(&Options::rope_theta, value), concat(value)));
  }
}

}  // namespace
}  // namespace hadal::models
