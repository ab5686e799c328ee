#include "hadal/bench/report/curves.h"
#include "hadal/bench/report/format.h"
#include "hadal/bench/report/html_plot.h"
#include "hadal/core/error.h"

#include <algorithm>

namespace hadal::bench {
namespace {

// In the units of the drawing.
constexpr double kLeft = 56, kTop = 12, kWidth = 320, kHeight = 140;

/// Maps one of a curve's axes, which begins at 0 where no value is below, onto the drawing.
struct Axis {
  double low = 0, high = 1;
  double begin = 0, length = 1;  // in the drawing

  double at(double value) const { return begin + length * (value - low) / (high - low); }
};

Axis axis_of(const Curve& curve, double Curve::Point::* side, double begin, double length) {
  Axis axis{0, 0, begin, length};
  for (const Curve::Point& point : curve.points) {
    axis.low = std::min(axis.low, point.*side);
    axis.high = std::max(axis.high, point.*side);
  }
  if (curve.unit == "%" && side == &Curve::Point::y) axis.high = std::max(axis.high, 100.0);
  if (axis.high <= axis.low) axis.high = axis.low + 1;
  return axis;
}

std::string value_text(const Curve& curve, double y) { return format_metric({"", y, curve.unit}); }

std::string description(const Curve& curve) {
  std::string text = curve.name;
  for (const Curve::Point& point : curve.points) {
    text += concat(&point == &curve.points.front() ? " " : ", ", point.x, ": ",
                   value_text(curve, point.y));
  }
  return text;
}

Markup label(std::string_view style, double x, double y, const std::string& text) {
  Markup svg;
  svg << "<text class=\"" << style << "\" x=\"" << coordinate(x) << "\" y=\"" << coordinate(y)
      << "\">" << text << "</text>";
  return svg;
}

}  // namespace

Markup curve_plot(const Curve& curve) {
  const Axis x = axis_of(curve, &Curve::Point::x, kLeft, kWidth);
  const Axis y = axis_of(curve, &Curve::Point::y, kTop + kHeight, -kHeight);
  std::string path;
  for (const Curve::Point& point : curve.points) {
    path +=
        concat(path.empty() ? "M" : "L", coordinate(x.at(point.x)), " ", coordinate(y.at(point.y)));
  }
  Markup svg;
  svg << "<svg class=\"curve\" role=\"img\" viewBox=\"0 0 400 180\"><title>" << curve.name
      << "</title><desc>" << description(curve) << "</desc><path class=\"frame\" d=\"M"
      << coordinate(kLeft) << " " << coordinate(kTop) << "v" << coordinate(kHeight) << "h"
      << coordinate(kWidth) << "\"/><path class=\"line\" d=\"" << path << "\"/>";
  for (const Curve::Point& point : curve.points) {
    svg << "<circle cx=\"" << coordinate(x.at(point.x)) << "\" cy=\"" << coordinate(y.at(point.y))
        << "\" r=\"3\"><title>" << curve.name << " " << format_value(point.x) << ": "
        << value_text(curve, point.y) << "</title></circle>";
  }
  for (const double end : {y.low, y.high}) {
    svg << label("value", kLeft - 6, y.at(end) + 4, value_text(curve, end));
  }
  for (const double end : {x.low, x.high}) {
    svg << label("place", x.at(end), kTop + kHeight + 18, format_value(end));
  }
  return svg << "</svg>";
}

}  // namespace hadal::bench
