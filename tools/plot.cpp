#include "plot.h"

#include "plot_axis.h"
#include "plot_frame.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace ravine::tools {
namespace {

constexpr double plot_width = 900;
constexpr double plot_height = 210;
constexpr double above = 44;  // a panel's title
constexpr double below = 50;  // labels of the x axis
constexpr double legend_line = 19;
constexpr double legend_mark = 30;
constexpr std::size_t longest_name = 26;
constexpr std::size_t longest_legend = 16;
constexpr std::size_t most_dots = 40;  // a curve of so few points shows them

constexpr std::array<std::string_view, 10> colours = {"#2f6db5", "#e07a1f", "#2f9a57", "#c93c3c", "#8a5fc0",
                                                      "#17a2b0", "#d45fa8", "#8c6239", "#93a01b", "#6b7785"};

struct Point {
    double x, y;
};

std::string colour_of(std::size_t series) {
    return std::string(colours[series % colours.size()]);
}

/// Curves beyond the palette are dashed.
std::string dashes_of(std::size_t series) {
    return series < colours.size() ? "" : R"( stroke-dasharray="6 4")";
}

/// What lies between two gaps, in pixels. Of the points in one column of pixels only the first, lowest, highest and last
/// stay: the same picture.
class Run {
  public:
    void add(Point point) {
        if (column_.empty() || std::floor(point.x) != std::floor(column_.front().x)) close_column();
        if (column_.size() < 4) {
            column_.push_back(point);
            return;
        }
        // first, extremes in order of appearance, last
        std::array<Point, 5> five = {column_[0], column_[1], column_[2], column_[3], point};
        const auto [low, high] = std::minmax_element(five.begin(), five.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
        column_ = {five[0], *std::min(low, high), *std::max(low, high), point};
    }
    const std::vector<Point>& points() {
        close_column();
        return points_;
    }

  private:
    void close_column() {
        for (const Point& point : column_) append({std::round(point.x * 10) / 10, std::round(point.y * 10) / 10});
        column_.clear();
    }
    void append(Point point) {
        const std::size_t n = points_.size();
        const bool same = n > 0 && points_[n - 1].x == point.x && points_[n - 1].y == point.y;
        const bool level = n > 1 && points_[n - 1].y == point.y && points_[n - 2].y == point.y &&
                           (points_[n - 1].x - points_[n - 2].x) * (point.x - points_[n - 1].x) >= 0;
        if (level) points_.back() = point;
        else if (!same) points_.push_back(point);
    }

    std::vector<Point> points_;
    std::vector<Point> column_;
};

class Picture {
  public:
    explicit Picture(const std::vector<Panel>& panels) : panels_(panels) {
        const bool labelled = std::any_of(panels.begin(), panels.end(), [](const Panel& p) { return !p.y_label.empty(); });
        for (const Panel& panel : panels) {
            axes_.push_back({axis(panel, &Series::x, Axis::Scale::linear, 9, 0),
                             axis(panel, &Series::y, panel.log_y ? Axis::Scale::logarithmic : Axis::Scale::linear, 7, 0.06)});
            left_ = std::max(left_, room_for_y(axes_.back().y, labelled));
            if (panel.series.size() < 2) continue;
            for (const Series& series : panel.series) {
                legend_width_ = std::max(legend_width_, legend_mark + width_of(printable(series.name, longest_name)) + 26);
            }
        }
    }

    std::string draw() {
        double top = 4;
        for (std::size_t i = 0; i < panels_.size(); ++i) top = draw_panel(i, top);
        return svg_document(plot_width, top, body_);
    }

  private:
    struct Axes {
        Axis x, y;
    };

    static Axis axis(const Panel& panel, std::vector<double> Series::*member, Axis::Scale scale, int ticks, double padding) {
        std::vector<double> values;
        for (const Series& series : panel.series) values.insert(values.end(), (series.*member).begin(), (series.*member).end());
        return Axis(values, scale, ticks, padding);
    }

    template <class... A>
    void put(fmt::format_string<A...> format, A&&... arguments) {
        fmt::format_to(std::back_inserter(body_), format, std::forward<A>(arguments)...);
    }

    /// The lower end of the panel.
    double draw_panel(std::size_t index, double top) {
        const Panel& panel = panels_[index];
        const double legend_height = legend_line * static_cast<double>(std::min(panel.series.size(), longest_legend + 1));
        const Frame frame = {left_, top + above, plot_width - left_ - std::max(legend_width_, picture_border + 6), std::max(plot_height, legend_height)};
        draw_title(body_, frame, panel.title);
        draw_axes(panel, axes_[index], frame);
        for (std::size_t s = 0; s < panel.series.size(); ++s) draw_series(panel.series[s], axes_[index], frame, s);
        if (panel.series.size() > 1) draw_legend(panel, frame);
        return frame.bottom() + below;
    }

    void draw_axes(const Panel& panel, const Axes& axes, const Frame& frame) {
        for (const Tick& tick : axes.y.ticks()) {
            put("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#e4e6e8\"/>\n", frame.left, frame.y(axes.y, tick.value), frame.right());
        }
        draw_frame(body_, frame, {axes.x, panel.x_label}, {axes.y, panel.y_label});
    }

    void draw_series(const Series& series, const Axes& axes, const Frame& frame, std::size_t index) {
        std::vector<Run> runs(1);
        const std::size_t points = std::min(series.x.size(), series.y.size());
        bool gap = false;
        for (std::size_t i = 0; i < points; ++i) {
            if (!axes.x.holds(series.x[i]) || !axes.y.holds(series.y[i])) {
                gap = true;
                continue;
            }
            if (gap) runs.emplace_back();
            gap = false;
            runs.back().add({frame.x(axes.x, series.x[i]), frame.y(axes.y, series.y[i])});
        }
        put("<g stroke=\"{0}\" fill=\"{0}\" stroke-width=\"1.8\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n", colour_of(index));
        for (Run& run : runs) draw_run(run.points(), index, points <= most_dots);
        put("</g>\n");
    }

    void draw_run(const std::vector<Point>& points, std::size_t index, bool dots) {
        if (points.size() > 1) {
            put("<path fill=\"none\"{} d=\"", dashes_of(index));
            char command = 'M';
            for (const Point& point : points) {
                put("{}{:.1f} {:.1f}", command, point.x, point.y);
                command = 'L';
            }
            put("\"/>\n");
        }
        if (!dots && points.size() > 1) return;
        for (const Point& point : points) put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\" stroke=\"none\"/>\n", point.x, point.y);
    }

    void draw_legend(const Panel& panel, const Frame& frame) {
        const double x = frame.right() + 14;
        const auto line = [&](std::size_t index) { return frame.top + legend_line * (static_cast<double>(index) + 0.5); };
        const std::size_t shown = std::min(panel.series.size(), longest_legend);
        for (std::size_t s = 0; s < shown; ++s) {
            const double y = line(s);
            put("<path d=\"M{:.1f} {:.1f}h18\" stroke=\"{}\" stroke-width=\"2.4\"{}/>\n", x, y, colour_of(s), dashes_of(s));
            put("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + 24, y + 4, escaped(panel.series[s].name, longest_name));
        }
        if (shown == panel.series.size()) return;
        put("<text x=\"{:.1f}\" y=\"{:.1f}\">and {} more</text>\n", x + 24, line(shown) + 4, panel.series.size() - shown);
    }

    const std::vector<Panel>& panels_;
    std::vector<Axes> axes_;
    double left_ = 0;
    double legend_width_ = 0;
    std::string body_;
};

}  // namespace

std::string svg(const std::vector<Panel>& panels) {
    return Picture(panels).draw();
}

}  // namespace ravine::tools
