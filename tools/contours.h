#pragma once
#include <cstddef>
#include <vector>

namespace ravine::tools {

struct PlanePoint {
    double x, y;
};

/// Values at the points of a grid, row by row from below.
struct PlaneGrid {
    std::size_t columns, rows;
    std::vector<double> values;
};

/// The borders of where the values are at least `level`, as closed loops in the grid's coordinates: (0, 0) is the first point,
/// (columns - 1, rows - 1) the last. Filled with the even-odd rule they are that region. The grid's own border is part of them.
std::vector<std::vector<PlanePoint>> contour_loops(const PlaneGrid& grid, double level);

}  // namespace ravine::tools
