#pragma once

#include <cstddef>
#include <vector>

namespace hadal::data {

struct Point {
  double x, y;
};

/// Points along a pen's way, closely spaced.
using Stroke = std::vector<Point>;

/// Ways to write one digit: two or more.
std::size_t glyph_styles(std::size_t digit);

/// The strokes of `digit` (0 to 9) in a style, in a box of x from -0.5 to 0.5 and y from -0.75
/// (top) to 0.75.
std::vector<Stroke> glyph_strokes(std::size_t digit, std::size_t style);

}  // namespace hadal::data
