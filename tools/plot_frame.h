#pragma once
#include "plot_axis.h"

#include <string>
#include <string_view>

namespace ravine::tools {

/// A rectangle of a picture between two axes, in pixels.
struct Frame {
    double left, top, width, height;
    double right() const { return left + width; }
    double bottom() const { return top + height; }
    double x(const Axis& axis, double value) const { return left + axis.position(value) * width; }
    double y(const Axis& axis, double value) const { return bottom() - axis.position(value) * height; }
};

struct LabelledAxis {
    const Axis& axis;
    std::string_view label;
};

/// Appends ticks, their labels and those of the axes: to the left of the frame and below it.
void draw_frame(std::string& svg, const Frame& frame, const LabelledAxis& x, const LabelledAxis& y);
/// Appends a title above the frame.
void draw_title(std::string& svg, const Frame& frame, std::string_view title);
/// A whole picture on a light background.
std::string svg_document(double width, double height, std::string_view body);

/// A text in one printable line, of about `limit` bytes at most, as XML has it.
std::string escaped(std::string_view text, std::size_t limit);
/// About how wide a text is drawn. No font is known here.
double width_of(std::string_view text);

inline constexpr double picture_border = 18;
/// How much room the labels of a y axis need at the left of its frame.
double room_for_y(const Axis& axis, bool has_label);

}  // namespace ravine::tools
