#include "hadal/msp/attack/square_moves.h"

#include "hadal/msp/attack/rows.h"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

constexpr double kTiny = 1e-12;

struct Window {
  std::int64_t top = 0, left = 0, size = 0;
  /// Of an image [channels, height, width].
  at::Tensor of(const at::Tensor& image) const {
    return image.narrow(1, top, size).narrow(2, left, size);
  }
};

Window drawn_window(const at::Tensor& image, std::int64_t size, Random& random) {
  const auto place = [&](std::int64_t side) { return random.between(0, side - size); };
  return {.top = place(image.size(1)), .left = place(image.size(2)), .size = size};
}

std::int64_t window_size(const at::Tensor& images, double share, std::int64_t least) {
  const std::int64_t height = images.size(2), width = images.size(3);
  const double side = std::sqrt(share * static_cast<double>(height * width));
  return std::clamp(std::llround(side), std::min<long long>(least, std::min(height, width)),
                    static_cast<long long>(std::min(height, width)));
}

/// [channels, 1, width], true or false each.
at::Tensor coins(std::int64_t channels, std::int64_t width, Random& random) {
  const at::Tensor values = at::empty({channels, 1, width}, at::kBool);
  auto* value = values.mutable_data_ptr<bool>();
  for (std::int64_t i = 0; i < values.numel(); ++i) value[i] = random.below(2) == 0;
  return values;
}

/// Concentric rectangles, each weighted by one over the square of its place from the middle.
at::Tensor rectangles(std::int64_t height, std::int64_t width) {
  const at::Tensor sum = at::zeros({height, width}, at::kDouble);
  const std::int64_t rings = std::max(height / 2, width / 2) + 1;
  std::int64_t top = height / 2, left = width / 2;
  for (std::int64_t ring = 0; ring < rings; ++ring, --top, --left) {
    const std::int64_t side = 2 * ring + 1;
    sum.slice(0, std::max<std::int64_t>(top, 0), std::min(top + side, height))
        .slice(1, std::max<std::int64_t>(left, 0), std::min(left + side, width))
        .add_(1.0 / static_cast<double>((ring + 1) * (ring + 1)));
  }
  return sum / sum.norm();
}

/// Two opposite halves of rectangles, of norm 1, upright or across.
at::Tensor bump(std::int64_t size, const at::Tensor& like, Random& random) {
  at::Tensor halves = rectangles(size, size);
  if (size > 1) {
    halves = at::cat({rectangles(size / 2, size), rectangles(size - size / 2, size).neg()});
  }
  halves = halves / halves.norm();
  if (random.below(2) == 0) halves = halves.t();
  return halves.to(like.options());
}

at::Tensor signs(const at::Tensor& like, std::int64_t channels, Random& random) {
  return coins(channels, 1, random).to(like.options()) * 2 - 1;
}

at::Tensor norm_of_planes(const at::Tensor& planes) {
  return planes.square().sum({1, 2}, true).sqrt();
}

/// As `moved` [n, ...], drawn to the norm epsilon and the range.
at::Tensor at_edge(const Ball& ball, const at::Tensor& moved) {
  const at::Tensor size = column(moved.flatten(1).norm(2, 1), moved) + kTiny;
  return ball.project(ball.clean() + moved / size * ball.threat().epsilon);
}

at::Tensor grid_of_bumps(const at::Tensor& image, Random& random) {
  const at::Tensor grid = at::zeros_like(image);
  const std::int64_t size = std::max<std::int64_t>(std::min(image.size(1), image.size(2)) / 5, 1);
  for (std::int64_t top = image.size(1) % size / 2; top + size <= image.size(1); top += size) {
    for (std::int64_t left = image.size(2) % size / 2; left + size <= image.size(2); left += size) {
      const at::Tensor planes =
          bump(size, image, random).unsqueeze(0) * signs(image, image.size(0), random);
      Window{top, left, size}.of(grid).copy_(planes);
    }
  }
  return grid;
}

/// The perturbation `moved` of one image with a bump more (Andriushchenko et al., algorithm 3).
at::Tensor with_bump(const at::Tensor& moved, double epsilon, std::int64_t size, Random& random) {
  const Window gaining = drawn_window(moved, size, random);
  const Window losing = drawn_window(moved, size, random);
  const at::Tensor kept = moved.clone();
  gaining.of(kept).zero_();
  losing.of(kept).zero_();
  const at::Tensor windows = (moved.square().sum() - kept.square().sum()).clamp_min(0);
  const at::Tensor unused = (epsilon * epsilon - moved.square().sum()).clamp_min(0);
  const at::Tensor old = gaining.of(moved);
  at::Tensor bumps = bump(size, moved, random).unsqueeze(0) * signs(moved, moved.size(0), random) +
                     old / (norm_of_planes(old) + kTiny);
  const at::Tensor energy = (unused + windows) / moved.size(0);  // of each channel
  bumps = bumps / (norm_of_planes(bumps) + kTiny) * energy.sqrt();
  gaining.of(kept).copy_(bumps);
  return kept;
}

}  // namespace

at::Tensor first_move(const Ball& ball, Streams& streams) {
  const at::Tensor& clean = ball.clean();
  const bool linf = ball.threat().norm == Norm::linf;
  at::Tensor moved = at::zeros_like(clean);
  for (std::int64_t i = 0; i < clean.size(0); ++i) {
    Random& random = streams[static_cast<std::size_t>(i)];
    if (linf) {
      moved[i].copy_(coins(clean.size(1), clean.size(3), random).to(clean.device()));
    } else {
      moved[i].copy_(grid_of_bumps(clean[i], random));
    }
  }
  return linf ? at::where(moved > 0, ball.upper(), ball.lower()) : at_edge(ball, moved);
}

at::Tensor next_move(const Ball& ball, const at::Tensor& x, double share, Streams& streams) {
  if (ball.threat().norm == Norm::linf) {
    const std::int64_t size = window_size(x, share, 1);
    at::Tensor tried = x.clone();
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      Random& random = streams[static_cast<std::size_t>(i)];
      const Window window = drawn_window(x[i], size, random);
      const at::Tensor up = coins(x.size(1), 1, random).to(x.device());
      window.of(tried[i]).copy_(
          at::where(up, window.of(ball.upper()[i]), window.of(ball.lower()[i])));
    }
    return tried;
  }
  // Odd, so that a bump has a middle.
  std::int64_t size = window_size(x, share, 3);
  if (size % 2 == 0) size += size < std::min(x.size(2), x.size(3)) ? 1 : -1;
  at::Tensor moved = x - ball.clean();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    Random& random = streams[static_cast<std::size_t>(i)];
    moved[i].copy_(with_bump(moved[i], ball.threat().epsilon, size, random));
  }
  return at_edge(ball, moved);
}

}  // namespace hadal::msp
