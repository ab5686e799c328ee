#include "hadal/models/speech_crnn.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/utils/rnn.h>

namespace hadal::models {
namespace {

constexpr std::int64_t kChannels1 = 24;
constexpr std::int64_t kChannels2 = 48;
constexpr std::int64_t kUnits = 64;
constexpr std::int64_t kMelPool1 = 2;
constexpr std::int64_t kMelPool2 = 4;
constexpr std::int64_t kTimePool = 2;

std::int64_t divide_up(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

SpeechCrnnOptions checked(const SpeechCrnnOptions& options) {
  if (options.mels < kMelPool1 * kMelPool2 || options.mels > 512) {
    throw InvalidArgument(concat("SpeechCrnn: expected 8 to 512 mels, got ", options.mels));
  }
  if (options.classes < 2) {
    throw InvalidArgument(concat("SpeechCrnn: expected 2 or more classes, got ", options.classes));
  }
  return options;
}

void check_lengths(const at::Tensor& lengths, std::int64_t frames) {
  const auto [low, high] = at::aminmax(lengths);
  const auto shortest = low.item<std::int64_t>();
  const auto longest = high.item<std::int64_t>();
  if (shortest >= 1 && longest <= frames) return;
  throw InvalidArgument(concat("SpeechCrnn: expected lengths from 1 to ", frames,
                               " (the frames given), got ", shortest < 1 ? shortest : longest));
}

/// x [b, c, m, t] with zeros from frame `lengths` [b] on.
at::Tensor clear_padding(const at::Tensor& x, const at::Tensor& lengths) {
  const at::Tensor padding = at::arange(x.size(-1), lengths.options()) >= lengths.unsqueeze(1);
  return x.masked_fill(padding.unsqueeze(1).unsqueeze(1), 0);
}

/// ReLU and max-pooling. As no activation is below zero, a window that is partly in cleared
/// padding, or beyond the end, gives the maximum of its valid frames: pooling by ceiling thus
/// depends on no padding.
at::Tensor activate_and_pool(const at::Tensor& x, const at::Tensor& lengths,
                             std::int64_t mel_pool) {
  return at::max_pool2d(clear_padding(at::relu(x), lengths), {mel_pool, kTimePool}, {}, 0, 1,
                        /*ceil_mode=*/true);
}

at::Tensor pooled(const at::Tensor& lengths) {
  return (lengths + (kTimePool - 1)).floor_divide(kTimePool);
}

}  // namespace

SpeechCrnnImpl::SpeechCrnnImpl(const SpeechCrnnOptions& options)
    : torch::nn::Module("SpeechCrnn"),
      options_(checked(options)),
      conv1_(*this, 1, 1, kChannels1),
      conv2_(*this, 2, kChannels1, kChannels2) {
  const std::int64_t bands = divide_up(divide_up(options_.mels, kMelPool1), kMelPool2);
  gru_ = register_module(
      "gru", torch::nn::GRU(torch::nn::GRUOptions(kChannels2 * bands, kUnits).bidirectional(true)));
  linear_ = register_module("linear", torch::nn::Linear(2 * kUnits, options_.classes));
}

at::Tensor SpeechCrnnImpl::forward(const at::Tensor& features, const at::Tensor& lengths) {
  require_input("SpeechCrnn: features", features, {-1, options_.mels, -1},
                linear_->weight.scalar_type());
  require_input("SpeechCrnn: lengths", lengths, {features.size(0)}, at::kLong);
  check_lengths(lengths, features.size(2));
  const at::Tensor x = clear_padding(features.unsqueeze(1), lengths);
  const at::Tensor half = activate_and_pool(conv1_.forward(x), lengths, kMelPool1);
  const at::Tensor half_lengths = pooled(lengths);
  const at::Tensor quarter = activate_and_pool(conv2_.forward(half), half_lengths, kMelPool2);
  return linear_->forward(pooled_mean(quarter.flatten(1, 2).transpose(1, 2), pooled(half_lengths)));
}

/// x [b, t, features] -> the GRU's outputs, averaged over the valid frames, [b, 2 kUnits].
at::Tensor SpeechCrnnImpl::pooled_mean(const at::Tensor& x, const at::Tensor& lengths) {
  namespace rnn = torch::nn::utils::rnn;
  // Packed, so that the backward direction starts at the last valid frame.
  const auto packed = rnn::pack_padded_sequence(x, lengths.cpu(), /*batch_first=*/true,
                                                /*enforce_sorted=*/false);
  const auto outputs = std::get<0>(gru_->forward_with_packed_input(packed));
  const auto unpacked = std::get<0>(rnn::pad_packed_sequence(outputs, /*batch_first=*/true));
  return unpacked.sum(1) / lengths.unsqueeze(1);
}

}  // namespace hadal::models
