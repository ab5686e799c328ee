#include "hadal/data/generate/glyph_strokes.h"

#include <algorithm>
#include <array>

namespace hadal::data {
namespace {

/// Points that a stroke passes; curved ones by a Catmull-Rom spline.
struct Path {
  bool curved;
  std::vector<Point> points;
};

using Style = std::vector<Path>;

const std::array<std::vector<Style>, 10>& styles() {
  static const Path kRing{true,
                          {{0, -.75},
                           {-.38, -.5},
                           {-.48, 0},
                           {-.38, .5},
                           {0, .75},
                           {.38, .5},
                           {.48, 0},
                           {.38, -.5},
                           {0, -.75}}};
  static const Path kStem{false, {{0, -.75}, {0, .75}}};
  static const std::array<std::vector<Style>, 10> kStyles = {{
      {{kRing},
       {kRing, {false, {{.3, -.6}, {-.3, .6}}}},
       {{true,
         {{.1, -.7},
          {-.3, -.5},
          {-.4, .1},
          {-.2, .7},
          {.2, .7},
          {.4, .1},
          {.3, -.5},
          {-.1, -.75}}}}},
      {{kStem},
       {{false, {{-.3, -.45}, {.05, -.75}, {.05, .75}}}},
       {{false, {{-.3, -.45}, {.05, -.75}, {.05, .75}}}, {false, {{-.3, .75}, {.4, .75}}}}},
      {{{true, {{-.42, -.4}, {-.2, -.72}, {.25, -.7}, {.42, -.35}, {.1, .15}, {-.45, .72}}},
        {false, {{-.45, .73}, {.48, .73}}}},
       {{true,
         {{-.4, -.45},
          {0, -.75},
          {.38, -.4},
          {.1, .2},
          {-.3, .65},
          {-.35, .4},
          {-.1, .45},
          {.2, .7},
          {.48, .6}}}}},
      {{{true, {{-.4, -.55}, {0, -.75}, {.38, -.45}, {.25, -.1}, {-.05, -.02}}},
        {true, {{-.05, -.02}, {.3, .1}, {.42, .4}, {.1, .73}, {-.42, .55}}}},
       {{false, {{-.4, -.72}, {.4, -.72}, {-.02, -.15}}},
        {true, {{-.02, -.15}, {.35, .02}, {.4, .45}, {.05, .75}, {-.42, .55}}}}},
      {{{false, {{.2, .75}, {.2, -.75}, {-.45, .25}, {.48, .25}}}},
       {{false, {{-.38, -.7}, {-.4, .05}, {.42, .05}}}, {false, {{.25, -.7}, {.25, .75}}}},
       {{true, {{-.3, -.7}, {-.42, -.2}, {-.25, .05}, {.1, .05}, {.35, -.05}}},
        {false, {{.38, -.65}, {.3, .75}}}}},
      {{{false, {{.4, -.73}, {-.32, -.73}, {-.38, -.1}}},
        {true, {{-.38, -.1}, {.05, -.22}, {.4, .05}, {.38, .5}, {0, .74}, {-.42, .58}}}},
       {{false, {{.45, -.65}, {-.2, -.7}}},
        {true, {{-.2, -.7}, {-.3, -.2}, {.1, -.1}, {.38, .25}, {.15, .7}, {-.38, .68}}}}},
      {{{true,
         {{.35, -.68},
          {-.1, -.55},
          {-.4, 0},
          {-.4, .5},
          {0, .75},
          {.4, .5},
          {.35, .1},
          {0, -.05},
          {-.38, .2}}}},
       {{true,
         {{.1, -.75},
          {-.25, -.2},
          {-.38, .4},
          {-.1, .74},
          {.3, .6},
          {.32, .2},
          {0, .12},
          {-.32, .42}}}}},
      {{{false, {{-.42, -.73}, {.45, -.73}, {-.1, .75}}}},
       {{false, {{-.42, -.73}, {.45, -.73}, {-.1, .75}}}, {false, {{-.25, 0}, {.38, 0}}}},
       {{true, {{-.45, -.5}, {-.3, -.7}, {0, -.62}, {.42, -.72}, {.15, -.1}, {0, .75}}}}},
      {{{true,
         {{0, -.02},
          {-.35, -.38},
          {0, -.75},
          {.35, -.38},
          {0, -.02},
          {-.42, .38},
          {0, .75},
          {.42, .38},
          {0, -.02}}}},
       {{true,
         {{.3, -.65},
          {-.1, -.75},
          {-.35, -.45},
          {.3, .3},
          {.15, .72},
          {-.25, .68},
          {-.35, .35},
          {.25, -.25},
          {.38, -.6}}}}},
      {{{true,
         {{.38, -.25},
          {.05, .05},
          {-.38, -.2},
          {-.35, -.58},
          {0, -.75},
          {.38, -.5},
          {.4, 0},
          {.2, .55},
          {-.2, .74}}}},
       {{true, {{.35, -.4}, {.1, -.72}, {-.3, -.55}, {-.25, -.12}, {.1, -.08}, {.36, -.45}}},
        {false, {{.36, -.6}, {.28, .75}}}}},
  }};
  return kStyles;
}

constexpr int kSteps = 8;  // points from one given point to the next

double spline(double a, double b, double c, double d, double t) {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

Stroke drawn(const Path& path) {
  const auto last = static_cast<int>(path.points.size()) - 1;
  const auto point = [&](int i) {
    return path.points[static_cast<std::size_t>(std::clamp(i, 0, last))];
  };
  Stroke stroke;
  for (int i = 0; i < last; ++i) {
    const Point a = point(i - 1), b = point(i), c = point(i + 1), d = point(i + 2);
    for (int step = 0; step < kSteps; ++step) {
      const double t = static_cast<double>(step) / kSteps;
      if (path.curved) {
        stroke.push_back({spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)});
      } else {
        stroke.push_back({b.x + t * (c.x - b.x), b.y + t * (c.y - b.y)});
      }
    }
  }
  stroke.push_back(point(last));
  return stroke;
}

}  // namespace

std::size_t glyph_styles(std::size_t digit) { return styles().at(digit).size(); }

std::vector<Stroke> glyph_strokes(std::size_t digit, std::size_t style) {
  std::vector<Stroke> strokes;
  for (const auto& path : styles().at(digit).at(style)) strokes.push_back(drawn(path));
  return strokes;
}

}  // namespace hadal::data
