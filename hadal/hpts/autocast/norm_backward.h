#pragma once

#include "hadal/hpts/autocast/backward.h"
#include "hadal/hpts/saved/dispatch.h"
#include "hadal/hpts/saved/kept.h"

#include <memory>
#include <vector>

namespace hadal::hpts {

// Batch norms of x: bf16 or fp32, [rows, channels] or channels-last [n, channels, h, w].

struct ChannelMoments {
  std::vector<double> mean, variance;  ///< of each channel; the variance divided by rows
  std::int64_t rows;
};
/// Summed up in the same order on any number of threads.
ChannelMoments channel_moments(const at::Tensor& x);

/// x scale + shift, by channel. Writes x to `kept` in the same pass, where that is not null.
at::Tensor normalized(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      KeptBlocks* kept);

/// From the gradient g of y = x scale + shift, with scale = weight / deviation and sums over the
/// rows of each channel, to those of
///     bias    sum g
///     weight  sum g (x - mean) / deviation
///     x       scale (g - (bias' + (x - mean) / deviation weight') / rows)
class BatchNormBackward final : public OnceDifferentiable {
 public:
  /// Next edges: x, weight, bias. `kept` are x's values; the others are fp32 [channels].
  BatchNormBackward(torch::autograd::edge_list&& next_edges, const at::Tensor& x,
                    std::shared_ptr<const KeptPieces> kept, at::Tensor scale, at::Tensor mean,
                    at::Tensor inverse_deviation);
  void release_variables() override {
    kept_.reset();
    passed_.reset();
  }

  /// Makes it the backward of the ReLU of y, written to y: g passes only where `passed`, int64 with
  /// a bit a value of y in memory order, says so. That saves writing and reading g once more.
  void add_relu(at::Tensor passed) { passed_ = std::move(passed); }
  bool has_relu() const { return passed_.defined(); }

 private:
  torch::autograd::variable_list run(torch::autograd::variable_list&& grads) override;
  struct Sums;
  std::int64_t step() const;
  const char* passed_piece(const at::Tensor& grad, std::int64_t begin, std::int64_t count) const;
  Sums sums_of(const at::Tensor& grad) const;
  at::Tensor input_grad(const at::Tensor& grad, const Sums& sums) const;

  Layout layout_;
  std::shared_ptr<const KeptPieces> kept_;
  at::Tensor scale_, mean_, inverse_deviation_;
  at::Tensor passed_;  // undefined without a ReLU
};

}  // namespace hadal::hpts
