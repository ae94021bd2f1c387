#include "contours.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ravine::tools {
namespace {

/// Marching squares. The grid gets a frame of points that lie below every level, so that each line comes back to where it began.
class Tracer {
  public:
    Tracer(const PlaneGrid& grid, double level)
        : grid_(grid), level_(level), width_(grid.columns + 2), height_(grid.rows + 2), next_(2 * width_ * height_, none) {
        for (std::size_t j = 0; j + 1 < height_; ++j) {
            for (std::size_t i = 0; i + 1 < width_; ++i) cross_cell(i, j);
        }
    }

    std::vector<std::vector<PlanePoint>> loops() {
        std::vector<std::vector<PlanePoint>> result;
        for (std::size_t edge = 0; edge < next_.size(); ++edge) {
            if (next_[edge] == none) continue;
            std::vector<PlanePoint>& loop = result.emplace_back();
            for (std::size_t at = edge; next_[at] != none;) {
                loop.push_back(crossing(at));
                at = std::exchange(next_[at], none);
            }
        }
        return result;
    }

  private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    /// Edges by the point on their left or below: first the one to the right, then the one upwards.
    std::size_t edge_right(std::size_t i, std::size_t j) const { return 2 * (j * width_ + i); }
    std::size_t edge_up(std::size_t i, std::size_t j) const { return edge_right(i, j) + 1; }

    bool is_inside(std::size_t i, std::size_t j) const { return i > 0 && j > 0 && i + 1 < width_ && j + 1 < height_; }
    double value(std::size_t i, std::size_t j) const { return grid_.values[(j - 1) * grid_.columns + (i - 1)]; }
    bool is_high(std::size_t i, std::size_t j) const { return is_inside(i, j) && value(i, j) >= level_; }

    /// Around a cell the values rise above the level on some edges and fall below it on others. A line, with the high side on
    /// its left, goes from a fall to a rise.
    void cross_cell(std::size_t i, std::size_t j) {
        const std::array<bool, 5> high = {is_high(i, j), is_high(i + 1, j), is_high(i + 1, j + 1), is_high(i, j + 1), is_high(i, j)};
        const std::array<std::size_t, 4> edges = {edge_right(i, j), edge_up(i + 1, j), edge_right(i, j + 1), edge_up(i, j)};
        std::array<std::size_t, 2> rises{}, falls{};
        std::size_t rising = 0, falling = 0;
        for (std::size_t e = 0; e < 4; ++e) {
            if (!high[e] && high[e + 1]) rises[rising++] = edges[e];
            if (high[e] && !high[e + 1]) falls[falling++] = edges[e];
        }
        if (rising == 1) next_[falls[0]] = rises[0];
        if (rising == 2) join_pairs(falls, rises, high[0] == centre_is_high(i, j));
    }

    /// Where two high corners face each other, the lines cut off those two corners that are not like the centre.
    void join_pairs(const std::array<std::size_t, 2>& falls, const std::array<std::size_t, 2>& rises, bool in_order) {
        next_[falls[0]] = rises[in_order ? 0 : 1];
        next_[falls[1]] = rises[in_order ? 1 : 0];
    }

    bool centre_is_high(std::size_t i, std::size_t j) const {
        if (!is_inside(i, j) || !is_inside(i + 1, j + 1)) return false;
        return (value(i, j) + value(i + 1, j) + value(i + 1, j + 1) + value(i, j + 1)) / 4 >= level_;
    }

    PlanePoint crossing(std::size_t edge) const {
        const std::size_t i = edge / 2 % width_, j = edge / 2 / width_;
        const bool up = edge % 2 == 1;
        const std::size_t i2 = up ? i : i + 1, j2 = up ? j + 1 : j;
        double share = 0;
        if (!is_inside(i, j)) share = 1;
        else if (is_inside(i2, j2)) share = std::clamp((level_ - value(i, j)) / (value(i2, j2) - value(i, j)), 0.0, 1.0);
        const double x = static_cast<double>(i) - 1, y = static_cast<double>(j) - 1;
        return up ? PlanePoint{x, y + share} : PlanePoint{x + share, y};
    }

    const PlaneGrid& grid_;
    const double level_;
    const std::size_t width_, height_;
    std::vector<std::size_t> next_;  // of the edges that a line crosses: the edge that it crosses next
};

}  // namespace

std::vector<std::vector<PlanePoint>> contour_loops(const PlaneGrid& grid, double level) { return Tracer(grid, level).loops(); }

}  // namespace ravine::tools
