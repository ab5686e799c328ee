#include "hadal/hpts/autocast/norm_backward.h"

#include <algorithm>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace hadal::hpts {
namespace {

/// Rows of a matrix in pieces that stay in a core's cache and begin at whole blocks of values.
struct RowPieces {
  std::int64_t channels, rows, piece;  // piece: rows of a piece

  RowPieces(std::int64_t values, std::int64_t channel_count, std::int64_t step)
      : channels(channel_count), rows(values / channel_count) {
    // Of fewer rows, sums by channel would cost as much as the rows do.
    constexpr std::int64_t kLeastRows = 32;
    const std::int64_t unit = std::lcm(step, channels) / channels;
    piece = std::max(piece_size(unit * channels) / channels, (kLeastRows + unit - 1) / unit * unit);
  }
  std::int64_t count() const { return (rows + piece - 1) / piece; }
  std::int64_t rows_of(std::int64_t i) const { return std::min(piece, rows - i * piece); }

  /// Calls join(first channel, channel after the last) in parallel, to join what the pieces gave.
  template <class Join>
  void each_channels(const Join& join) const {
    constexpr std::int64_t kLeastValues = 4096;  // worth a thread
    at::parallel_for(0, channels, kLeastValues / count() + 1, join);
  }

  /// Calls run(piece, first value, rows) in parallel.
  template <class Run>
  void each(const Run& run) const {
    at::parallel_for(0, count(), 1, [&](auto first, auto last) {
      for (auto i = first; i < last; ++i) run(i, i * piece * channels, rows_of(i));
    });
  }
};

/// Two sums by channel of each piece: fp32 [pieces, 2, channels].
at::Tensor partial_sums(const RowPieces& pieces) {
  return at::empty({pieces.count(), 2, pieces.channels}, at::kFloat);
}

/// Means and squares of a joined set from those of its parts (Chan, Golub and LeVeque, 1979), of
/// the channels from `first` to before `last`.
void join_moments(const RowPieces& pieces, const float* sums, std::size_t first, std::size_t last,
                  ChannelMoments& result) {
  const auto channels = static_cast<std::size_t>(pieces.channels);
  for (std::int64_t i = 0, before = 0; i < pieces.count(); before += pieces.rows_of(i++)) {
    const auto count = static_cast<double>(pieces.rows_of(i));
    const double share = count / (static_cast<double>(before) + count);
    const float* mean = sums + i * 2 * pieces.channels;
    for (std::size_t c = first; c < last; ++c) {
      const double difference = mean[c] - result.mean[c];
      result.mean[c] += difference * share;
      result.variance[c] +=
          mean[c + channels] + difference * difference * share * static_cast<double>(before);
    }
  }
  for (std::size_t c = first; c < last; ++c) {
    result.variance[c] /= static_cast<double>(pieces.rows);
  }
}

}  // namespace

ChannelMoments channel_moments(const at::Tensor& x) {
  const RowPieces pieces(x.numel(), x.size(1), 1);
  at::Tensor partial = partial_sums(pieces);
  auto* sums = partial.mutable_data_ptr<float>();
  const std::int64_t channels = pieces.channels;
  const auto* from = static_cast<const char*>(x.const_data_ptr());
  const auto item = static_cast<std::int64_t>(x.element_size());
  const Kernels& kernels = kernels_for(x.scalar_type());
  pieces.each([&](auto i, auto begin, auto rows) {
    kernels.moments(from + begin * item, rows, channels, sums + i * 2 * channels,
                    sums + (i * 2 + 1) * channels);
  });
  ChannelMoments result{.mean = std::vector<double>(static_cast<std::size_t>(channels)),
                        .variance = std::vector<double>(static_cast<std::size_t>(channels)),
                        .rows = pieces.rows};
  pieces.each_channels([&](auto first, auto last) {
    join_moments(pieces, sums, static_cast<std::size_t>(first), static_cast<std::size_t>(last),
                 result);
  });
  return result;
}

at::Tensor normalized(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      KeptBlocks* kept) {
  const RowPieces pieces(x.numel(), x.size(1), kept == nullptr ? 1 : kept->step());
  at::Tensor y = at::empty_like(x.detach());
  const auto* from = static_cast<const char*>(x.const_data_ptr());
  auto* to = static_cast<char*>(y.mutable_data_ptr());
  const auto item = static_cast<std::int64_t>(x.element_size());
  const Kernels& kernels = kernels_for(x.scalar_type());
  const auto* factors = scale.const_data_ptr<float>();
  const auto* shifts = shift.const_data_ptr<float>();
  pieces.each([&](auto /*i*/, auto begin, auto rows) {
    const char* piece = from + begin * item;
    if (kept != nullptr) {
      kept->write_piece(begin, rows * pieces.channels, x.scalar_type(), piece);
    }
    kernels.normalize(piece, rows, pieces.channels, factors, shifts, to + begin * item);
  });
  return y;
}

/// Of each channel: the sums of g and of g (x - mean) over the rows.
struct BatchNormBackward::Sums {
  std::vector<double> grads, products;
};

BatchNormBackward::BatchNormBackward(torch::autograd::edge_list&& next_edges, const at::Tensor& x,
                                     std::shared_ptr<const KeptPieces> kept, at::Tensor scale,
                                     at::Tensor mean, at::Tensor inverse_deviation)
    : OnceDifferentiable("BatchNorm", std::move(next_edges)),
      layout_(x),
      kept_(std::move(kept)),
      scale_(std::move(scale)),
      mean_(std::move(mean)),
      inverse_deviation_(std::move(inverse_deviation)) {}

/// Values at which pieces may begin.
std::int64_t BatchNormBackward::step() const {
  return passed_.defined() ? std::lcm(kept_->step(), kReluWord) : kept_->step();
}

/// The gradient's values from `begin` on, what the ReLU has let pass of them; until the next call
/// of the thread.
const char* BatchNormBackward::passed_piece(const at::Tensor& grad, std::int64_t begin,
                                            std::int64_t count) const {
  const auto item = static_cast<std::int64_t>(grad.element_size());
  const char* from = static_cast<const char*>(grad.const_data_ptr()) + begin * item;
  if (!passed_.defined()) return from;
  thread_local std::vector<char> passed;
  passed.resize(static_cast<std::size_t>(count * item));
  const auto* bits = reinterpret_cast<const std::uint64_t*>(passed_.const_data_ptr<std::int64_t>());
  kernels_for(grad.scalar_type()).relu_grad(from, bits + begin / kReluWord, count, passed.data());
  return passed.data();
}

BatchNormBackward::Sums BatchNormBackward::sums_of(const at::Tensor& grad) const {
  const RowPieces pieces(grad.numel(), mean_.numel(), step());
  const std::int64_t channels = pieces.channels;
  at::Tensor partial = partial_sums(pieces);
  auto* sums = partial.mutable_data_ptr<float>();
  const auto* mean = mean_.const_data_ptr<float>();
  const Kernels& kernels = kernels_for(grad.scalar_type());
  pieces.each([&](auto i, auto begin, auto rows) {
    thread_local std::vector<float> x;
    x.resize(static_cast<std::size_t>(rows * channels));
    kept_->restore_piece(begin, rows * channels, at::kFloat, x.data());
    kernels.norm_sums(passed_piece(grad, begin, rows * channels), x.data(), rows, channels, mean,
                      sums + i * 2 * channels, sums + (i * 2 + 1) * channels);
  });
  const auto size = static_cast<std::size_t>(channels);
  Sums result{std::vector<double>(size), std::vector<double>(size)};
  pieces.each_channels([&](auto first, auto last) {
    const float* from_piece = sums;
    for (std::int64_t i = 0; i < pieces.count(); ++i, from_piece += 2 * channels) {
      for (auto c = static_cast<std::size_t>(first); c < static_cast<std::size_t>(last); ++c) {
        result.grads[c] += from_piece[c];
        result.products[c] += from_piece[c + size];
      }
    }
  });
  return result;
}

at::Tensor BatchNormBackward::input_grad(const at::Tensor& grad, const Sums& sums) const {
  const RowPieces pieces(grad.numel(), mean_.numel(), step());
  const std::int64_t channels = pieces.channels;
  const auto* of_grad = scale_.const_data_ptr<float>();
  const auto* mean = mean_.const_data_ptr<float>();
  const auto* inverse = inverse_deviation_.const_data_ptr<float>();
  std::vector<float> of_x(sums.grads.size());
  std::vector<float> shift(sums.grads.size());
  for (std::size_t c = 0; c < of_x.size(); ++c) {
    const double share = static_cast<double>(of_grad[c]) / static_cast<double>(pieces.rows);
    const double slope = -share * inverse[c] * inverse[c] * sums.products[c];
    of_x[c] = static_cast<float>(slope);
    shift[c] = static_cast<float>(-share * sums.grads[c] - slope * mean[c]);
  }
  at::Tensor result = at::empty_like(grad);
  auto* to = static_cast<char*>(result.mutable_data_ptr());
  const auto item = static_cast<std::int64_t>(grad.element_size());
  const Kernels& kernels = kernels_for(grad.scalar_type());
  pieces.each([&](auto /*i*/, auto begin, auto rows) {
    thread_local std::vector<float> x;
    x.resize(static_cast<std::size_t>(rows * channels));
    kept_->restore_piece(begin, rows * channels, at::kFloat, x.data());
    kernels.norm_grad(passed_piece(grad, begin, rows * channels), x.data(), rows, channels, of_grad,
                      of_x.data(), shift.data(), to + begin * item);
  });
  return result;
}

torch::autograd::variable_list BatchNormBackward::run(torch::autograd::variable_list&& grads) {
  if (!grads[0].defined()) return {at::Tensor(), at::Tensor(), at::Tensor()};
  const at::Tensor grad = layout_.of(grads[0]);
  const Sums sums = sums_of(grad);
  torch::autograd::variable_list result(3);
  if (task_should_compute_output(0)) result[0] = input_grad(grad, sums);
  const auto by_channel = [&](const auto& value_of) {
    at::Tensor values = at::empty_like(mean_);
    auto* to = values.mutable_data_ptr<float>();
    for (std::size_t c = 0; c < sums.grads.size(); ++c) to[c] = static_cast<float>(value_of(c));
    return values;
  };
  const auto* inverse = inverse_deviation_.const_data_ptr<float>();
  result[1] = by_channel([&](std::size_t c) { return sums.products[c] * inverse[c]; });
  result[2] = by_channel([&](std::size_t c) { return sums.grads[c]; });
  return result;
}

}  // namespace hadal::hpts
