#include "hadal/data/generate/glyphs.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/balanced_labels.h"
#include "hadal/data/generate/glyph_strokes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <ATen/ops/empty.h>

namespace hadal::data {
namespace {

constexpr std::int64_t kSide = 28;
constexpr double kPixels = static_cast<double>(kSide);

/// Brightness of each pixel, 0 to 1.
using Canvas = std::array<double, kSide * kSide>;

/// A random map from the box of the strokes to pixels: scale, shear, rotation, shift and two slow
/// waves that bend the strokes.
class Distortion {
 public:
  explicit Distortion(Random& random) {
    const double angle = random.uniform(-0.4, 0.4), shear = random.uniform(-0.4, 0.4);
    const double width = random.uniform(8, 17), height = random.uniform(9, 15);
    const double cosine = std::cos(angle), sine = std::sin(angle);
    matrix_ = {width * cosine, height * (shear * cosine - sine), width * sine,
               height * (shear * sine + cosine)};
    shift_ = {kPixels / 2 + random.uniform(-4, 4), kPixels / 2 + random.uniform(-4, 4)};
    for (auto& wave : waves_) {
      wave = {random.uniform(-4, 4), random.uniform(-4, 4), random.uniform(0, 2 * std::numbers::pi),
              random.uniform(-0.09, 0.09), random.uniform(-0.09, 0.09)};
    }
  }

  Point operator()(Point p) const {
    Point bent = p;
    for (const auto& wave : waves_) {
      const double height = std::sin(wave.x * p.x + wave.y * p.y + wave.phase);
      bent.x += wave.dx * height;
      bent.y += wave.dy * height;
    }
    return {shift_.x + matrix_[0] * bent.x + matrix_[1] * bent.y,
            shift_.y + matrix_[2] * bent.x + matrix_[3] * bent.y};
  }

 private:
  struct Wave {
    double x, y, phase, dx, dy;
  };
  std::array<double, 4> matrix_{};
  Point shift_{};
  std::array<Wave, 2> waves_{};
};

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double square = dx * dx + dy * dy;
  const double along = ((p.x - a.x) * dx + (p.y - a.y) * dy) / std::max(square, 1e-12);
  const double t = std::clamp(along, 0.0, 1.0);
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// Covers the pixels within `radius` of the line from `a` to `b`; those at its border in part.
void draw_line(Canvas& canvas, Point a, Point b, double radius) {
  const auto pixel = [](double place) {
    return std::clamp<std::int64_t>(std::llround(std::floor(place)), 0, kSide - 1);
  };
  const double reach = radius + 1;
  const std::int64_t left = pixel(std::min(a.x, b.x) - reach);
  const std::int64_t right = pixel(std::max(a.x, b.x) + reach);
  const std::int64_t top = pixel(std::min(a.y, b.y) - reach);
  const std::int64_t bottom = pixel(std::max(a.y, b.y) + reach);
  for (std::int64_t y = top; y <= bottom; ++y) {
    for (std::int64_t x = left; x <= right; ++x) {
      const Point centre{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
      const double cover = std::clamp(radius + 0.5 - distance(centre, a, b), 0.0, 1.0);
      double& brightness = canvas[static_cast<std::size_t>(y * kSide + x)];
      brightness = std::max(brightness, cover);
    }
  }
}

/// A bar of 3 to 6 pixels through the image, dark or light.
void occlude(Canvas& canvas, Random& random) {
  const std::int64_t width = random.between(3, 6), start = random.between(4, kSide - 4 - width);
  const bool upright = random.below(2) == 0;
  const double brightness = random.uniform(0, 0.6);
  for (std::int64_t across = start; across < start + width; ++across) {
    for (std::int64_t along = 0; along < kSide; ++along) {
      const std::int64_t place = upright ? along * kSide + across : across * kSide + along;
      canvas[static_cast<std::size_t>(place)] = brightness;
    }
  }
}

/// Contrast, a background that gets lighter to one side, and noise.
void expose(Canvas& canvas, Random& random) {
  const double ink = random.uniform(0.45, 1), paper = random.uniform(0, 0.2);
  const double slope_x = random.uniform(-0.005, 0.005), slope_y = random.uniform(-0.005, 0.005);
  const double noise = random.uniform(0.01, 0.15);
  for (std::size_t i = 0; i < canvas.size(); ++i) {
    const double x = static_cast<double>(i % kSide) - kPixels / 2;
    const double y = static_cast<double>(i / kSide) - kPixels / 2;
    const double background = paper + slope_x * x + slope_y * y;
    canvas[i] = background + (ink - background) * canvas[i] + noise * random.normal();
  }
}

void draw_glyph(std::size_t digit, Random& random, std::uint8_t* pixels) {
  Canvas canvas{};
  const Distortion distortion(random);
  const double radius = random.uniform(0.5, 1.9);
  for (const auto& stroke : glyph_strokes(digit, random.below(glyph_styles(digit)))) {
    for (std::size_t i = 1; i < stroke.size(); ++i)
      draw_line(canvas, distortion(stroke[i - 1]), distortion(stroke[i]), radius);
  }
  if (random.below(6) == 0) occlude(canvas, random);
  expose(canvas, random);
  std::transform(canvas.begin(), canvas.end(), pixels, [](double brightness) {
    return static_cast<std::uint8_t>(std::lround(255 * std::clamp(brightness, 0.0, 1.0)));
  });
}

}  // namespace

LabelledImages generate_glyphs(std::int64_t count, std::uint64_t seed) {
  if (count < 0)
    throw InvalidArgument(concat("generate_glyphs: expected a count of 0 or more, got ", count));
  const auto labels = balanced_labels(count, seed);
  LabelledImages result{at::empty({count, 1, kSide, kSide}, at::kByte),
                        at::empty({count}, at::kLong)};
  auto* pixels = result.images.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Random random(seed, "glyph", i);
    draw_glyph(static_cast<std::size_t>(labels[i]), random, pixels + i * kSide * kSide);
  }
  std::copy(labels.begin(), labels.end(), result.labels.mutable_data_ptr<std::int64_t>());
  return result;
}

}  // namespace hadal::data
