#include "contour_plot.h"

#include "plot_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace ravine::tools {
namespace {

constexpr double plot_width = 640;
constexpr double plot_height = 480;
constexpr double above = 44;
constexpr double below = 52;
constexpr double key_gap = 22;
constexpr double key_width = 16;
constexpr double key_room = 30;  // beside the widest value
constexpr std::size_t columns = 241;
constexpr std::size_t rows = 181;
constexpr int bands = 14;
constexpr double margin = 0.14;       // around the way, as a share of its extent
constexpr double least_extent = 1e-6;  // of the window, relative to where it lies
constexpr double largest = 1e150;     // beyond it, there is no drawing
constexpr std::size_t most_dots = 150;
constexpr double smallest_move = 0.4;  // pixels: points of the way that are nearer to the last one are passed over

struct Colour {
    double red, green, blue;
};
constexpr std::array<Colour, 6> ramp = {{{32, 62, 95}, {45, 104, 128}, {86, 151, 148}, {152, 192, 164}, {212, 221, 187}, {249, 243, 222}}};

/// The colour of a band, from 0 (lowest) to bands (highest).
std::string colour_of(int band) {
    const double at = static_cast<double>(band) / bands * (ramp.size() - 1);
    const auto below_it = std::min(static_cast<std::size_t>(at), ramp.size() - 2);
    const double share = at - static_cast<double>(below_it);
    const auto mix = [&](double Colour::*part) {
        return static_cast<int>(std::lround(ramp[below_it].*part * (1 - share) + ramp[below_it + 1].*part * share));
    };
    return fmt::format("#{:02x}{:02x}{:02x}", mix(&Colour::red), mix(&Colour::green), mix(&Colour::blue));
}

bool is_drawable(PlanePoint point) { return std::abs(point.x) < largest && std::abs(point.y) < largest; }

/// The part of the plane that is shown, in the proportions of the picture.
struct Window {
    double left, bottom, width, height;
};

Window window_of(const std::vector<PlanePoint>& path) {
    double left = largest, right = -largest, bottom = largest, top = -largest;
    for (const PlanePoint& point : path) {
        if (!is_drawable(point)) continue;
        left = std::min(left, point.x);
        right = std::max(right, point.x);
        bottom = std::min(bottom, point.y);
        top = std::max(top, point.y);
    }
    if (left > right) left = right = bottom = top = 0;
    const double magnitude = std::max({std::abs(left), std::abs(right), std::abs(bottom), std::abs(top)});
    double extent = std::max({right - left, (top - bottom) * plot_width / plot_height, magnitude * least_extent});
    if (extent == 0) extent = 1;
    const double width = extent * (1 + 2 * margin), height = width * plot_height / plot_width;
    return {(left + right - width) / 2, (bottom + top - height) / 2, width, height};
}

/// The function over the window, above its least value. What is not finite is beyond all levels.
PlaneGrid sample(const Window& window, function_ref<double(double, double)> value, double& least) {
    PlaneGrid grid{columns, rows, {}};
    for (std::size_t j = 0; j < rows; ++j) {
        for (std::size_t i = 0; i < columns; ++i) {
            grid.values.push_back(value(window.left + window.width * static_cast<double>(i) / (columns - 1),
                                        window.bottom + window.height * static_cast<double>(j) / (rows - 1)));
        }
    }
    for (const double sampled : grid.values) {
        if (std::isfinite(sampled)) least = std::min(least, sampled);
    }
    for (double& sampled : grid.values) sampled = std::isfinite(sampled) ? sampled - least : HUGE_VAL;
    return grid;
}

/// Heights above the least value, in equal steps of their logarithm between the lowest ground and the highest.
std::vector<double> levels_of(const PlaneGrid& grid) {
    std::vector<double> heights;
    for (const double height : grid.values) {
        if (height > 0 && std::isfinite(height)) heights.push_back(height);
    }
    if (heights.empty()) return {};
    std::sort(heights.begin(), heights.end());
    const double high = heights.back(), low = std::min(heights[heights.size() / 150], high / 3);
    std::vector<double> levels;
    for (int i = 0; i < bands; ++i) levels.push_back(low * std::pow(high / low, static_cast<double>(i) / bands));
    return levels;
}

class ContourPicture {
  public:
    ContourPicture(const ContourPlot& plot, function_ref<double(double, double)> value)
        : plot_(plot), window_(window_of(plot.path)), x_(axis(window_.left, window_.width, 8)), y_(axis(window_.bottom, window_.height, 7)),
          frame_{room_for_y(y_, true), above, plot_width, plot_height} {
        least_ = HUGE_VAL;
        for (const PlanePoint& point : plot.path) {
            const double there = is_drawable(point) ? value(point.x, point.y) : HUGE_VAL;
            if (std::isfinite(there)) least_ = std::min(least_, there);
        }
        grid_ = sample(window_, value, least_);
        levels_ = levels_of(grid_);
    }

    std::string draw() {
        const std::vector<std::string> values = key_values();
        double widest = 0;
        for (const std::string& value : values) widest = std::max(widest, width_of(value));
        draw_title(body_, frame_, plot_.title);
        draw_bands();
        draw_key(values);
        draw_frame(body_, frame_, {x_, plot_.x_label}, {y_, plot_.y_label});
        draw_y_ticks();
        draw_path();
        return svg_document(frame_.right() + key_gap + key_width + widest + key_room, frame_.bottom() + below, body_);
    }

  private:
    static Axis axis(double from, double extent, int ticks) { return Axis(std::array{from, from + extent}, Axis::Scale::linear, ticks, 0); }

    template <class... A>
    void put(fmt::format_string<A...> format, A&&... arguments) {
        fmt::format_to(std::back_inserter(body_), format, std::forward<A>(arguments)...);
    }

    PlanePoint on_picture(PlanePoint point) const { return {frame_.x(x_, point.x), frame_.y(y_, point.y)}; }

    void draw_bands() {
        put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", frame_.left, frame_.top, frame_.width, frame_.height, colour_of(0));
        put("<g stroke=\"#fff\" stroke-opacity=\"0.55\" stroke-width=\"0.8\" stroke-linejoin=\"round\" fill-rule=\"evenodd\">\n");
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            put("<path fill=\"{}\" d=\"", colour_of(static_cast<int>(level) + 1));
            for (const auto& loop : contour_loops(grid_, levels_[level])) draw_loop(loop);
            put("\"/>\n");
        }
        put("</g>\n");
    }

    /// Points that lie on the line between their neighbours, to the eye, are left out.
    void draw_loop(const std::vector<PlanePoint>& loop) {
        std::vector<PlanePoint> kept;
        for (const PlanePoint& point : loop) {
            const PlanePoint here = {frame_.left + point.x / (columns - 1) * frame_.width, frame_.bottom() - point.y / (rows - 1) * frame_.height};
            while (kept.size() > 1 && is_between(kept[kept.size() - 2], kept.back(), here)) kept.pop_back();
            kept.push_back(here);
        }
        char command = 'M';
        for (const PlanePoint& point : kept) {
            put("{}{:.1f} {:.1f}", command, point.x, point.y);
            command = 'L';
        }
        put("Z");
    }
    static bool is_between(PlanePoint a, PlanePoint b, PlanePoint c) {
        const double length = std::hypot(c.x - a.x, c.y - a.y);
        const double area = std::abs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
        return area <= 0.06 * length && (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) >= 0;
    }

    /// The values of the contour lines, with as many digits as tell them apart.
    std::vector<std::string> key_values() const {
        std::vector<std::string> texts;
        for (int digits = 3; digits <= 12; ++digits) {
            texts.clear();
            for (const double level : levels_) {
                const double value = least_ + level;
                const bool plain = std::abs(value) >= 1000 && std::abs(value) < 1e6;
                texts.push_back(plain ? fmt::format("{:.0f}", value) : fmt::format("{:.{}g}", value, digits));
            }
            if (std::adjacent_find(texts.begin(), texts.end()) == texts.end()) break;
        }
        return texts;
    }

    /// The colours with the values at their borders.
    void draw_key(const std::vector<std::string>& values) {
        const double x = frame_.right() + key_gap, step = frame_.height / (bands + 1);
        for (int band = 0; band <= static_cast<int>(levels_.size()); ++band) {
            put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" fill=\"{}\"/>\n", x, frame_.bottom() - step * (band + 1), key_width,
                step + 0.5, colour_of(band));
        }
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            put("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\">{}</text>\n", x + key_width + 6,
                frame_.bottom() - step * static_cast<double>(level + 1) + 4, values[level]);
        }
    }

    void draw_y_ticks() {
        for (const Tick& tick : y_.ticks()) put("<path d=\"M{:.1f} {:.1f}h-5\" stroke=\"#9aa0a6\"/>\n", frame_.left, frame_.y(y_, tick.value));
    }

    void draw_path() {
        const std::vector<PlanePoint>& path = plot_.path;
        std::string line;
        std::vector<PlanePoint> dots;
        char command = 'M';
        for (const PlanePoint& point : path) {
            if (!is_drawable(point)) {
                command = 'M';
                continue;
            }
            const PlanePoint here = on_picture(point);
            if (command == 'L' && std::hypot(here.x - dots.back().x, here.y - dots.back().y) < smallest_move) continue;
            line += fmt::format("{}{:.1f} {:.1f}", command, here.x, here.y);
            dots.push_back(here);
            command = 'L';
        }
        put("<g fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<path stroke=\"#fff\" stroke-opacity=\"0.75\" stroke-width=\"4.4\" "
            "d=\"{0}\"/>\n<path stroke=\"#c8321f\" stroke-width=\"2\" d=\"{0}\"/>\n</g>\n", line);
        if (dots.size() <= most_dots) {
            put("<g fill=\"#c8321f\" stroke=\"#fff\" stroke-width=\"1\">\n");
            const double radius = dots.size() <= 40 ? 3.2 : 2.6;
            for (const PlanePoint& dot : dots) put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", dot.x, dot.y, radius);
            put("</g>\n");
        }
        if (!path.empty() && is_drawable(path.front())) draw_mark(on_picture(path.front()), "start", "#fff");
        if (!path.empty() && is_drawable(path.back())) draw_mark(on_picture(path.back()), "end", "#ffc83d");
    }

    /// A round mark with its name, on the side where there is room.
    void draw_mark(PlanePoint at, std::string_view name, std::string_view fill) {
        const bool left = at.x > frame_.right() - 60;
        put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5.5\" fill=\"{}\" stroke=\"#22272c\" stroke-width=\"1.6\"/>\n", at.x, at.y, fill);
        put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-weight=\"600\" fill=\"#22272c\" stroke=\"#fff\" stroke-opacity=\"0.85\" "
            "stroke-width=\"3\" paint-order=\"stroke\">{}</text>\n", at.x + (left ? -10 : 10), at.y + (name == "start" ? -9 : 18), left ? "end" : "start", name);
    }

    const ContourPlot& plot_;
    Window window_;
    Axis x_, y_;
    Frame frame_;
    double least_;
    PlaneGrid grid_;
    std::vector<double> levels_;
    std::string body_;
};

}  // namespace

std::string contour_svg(const ContourPlot& plot, function_ref<double(double x, double y)> value) { return ContourPicture(plot, value).draw(); }

}  // namespace ravine::tools
