#pragma once
#include "contours.h"

#include <ravine/runtime/function_ref.h>

#include <string>
#include <vector>

namespace ravine::tools {

/// A way over the plane, in the order in which it was gone. A point that is not finite is a gap.
struct ContourPlot {
    std::string title;
    std::string x_label;
    std::string y_label;
    std::vector<PlanePoint> path;
};

/// The way, its start and its end over the contour lines of `value`, which stand at equal distances of the logarithm above the
/// least value that is seen. Both axes have one scale. An SVG picture, which stays small however long the way is.
std::string contour_svg(const ContourPlot& plot, function_ref<double(double x, double y)> value);

}  // namespace ravine::tools
