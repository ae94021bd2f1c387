#pragma once
#include <string>
#include <vector>

namespace ravine::tools {

/// A curve. `x` and `y` have the same length, in the order in which the line goes. A point that is not finite (or, on a
/// logarithmic axis, not positive) is a gap.
struct Series {
    std::string name;
    std::vector<double> x;
    std::vector<double> y;
};

/// One pair of axes with its curves. Ranges and ticks are chosen from the data.
struct Panel {
    std::string title;
    std::string x_label;
    std::string y_label;
    std::vector<Series> series;
    bool log_y = false;
};

/// Panels from top to bottom, as an SVG picture on a light background. Two or more curves in a panel get a legend. Texts
/// are any UTF-8; the picture stays small however many points a curve has. `write_text` (output.h) takes it to a file.
std::string svg(const std::vector<Panel>& panels);

}  // namespace ravine::tools
