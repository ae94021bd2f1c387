#include "plot_frame.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ravine::tools {
namespace {

constexpr double character = 7;  // a wide one at 12 pixels
constexpr std::size_t longest_title = 90;
constexpr std::size_t longest_y_label = 26;

template <class... A>
void put(std::string& svg, fmt::format_string<A...> format, A&&... arguments) {
    fmt::format_to(std::back_inserter(svg), format, std::forward<A>(arguments)...);
}

}  // namespace

void draw_frame(std::string& svg, const Frame& frame, const LabelledAxis& x_axis, const LabelledAxis& y_axis) {
    for (const Tick& tick : y_axis.axis.ticks()) {
        put(svg, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", frame.left - 8, frame.y(y_axis.axis, tick.value) + 4, tick.label);
    }
    for (const Tick& tick : x_axis.axis.ticks()) {
        const double x = frame.x(x_axis.axis, tick.value);
        put(svg, "<path d=\"M{:.1f} {:.1f}v5\" stroke=\"#9aa0a6\"/>\n", x, frame.bottom());
        put(svg, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x, frame.bottom() + 18, tick.label);
    }
    put(svg, "<path d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\" fill=\"none\" stroke=\"#9aa0a6\"/>\n", frame.left, frame.top, frame.bottom(), frame.right());
    put(svg, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#5f666d\">{}</text>\n", frame.left + frame.width / 2, frame.bottom() + 35,
        escaped(x_axis.label, longest_title));
    put(svg, "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\" fill=\"#5f666d\">{}</text>\n", picture_border + 4,
        frame.top + frame.height / 2, escaped(y_axis.label, longest_y_label));
}

void draw_title(std::string& svg, const Frame& frame, std::string_view title) {
    put(svg, "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"15\" font-weight=\"600\" fill=\"#22272c\">{}</text>\n", frame.left, frame.top - 14,
        escaped(title, longest_title));
}

std::string svg_document(double width, double height, std::string_view body) {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" font-family=\"system-ui, "
        "'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif\" font-size=\"12\" fill=\"#3c4248\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#fdfdfc\"/>\n{2}</svg>\n",
        width, height, body);
}

std::string escaped(std::string_view text, std::size_t limit) {
    std::string result;
    for (const char c : printable(text, limit)) {
        if (c == '&') result += "&amp;";
        else if (c == '<') result += "&lt;";
        else if (c == '>') result += "&gt;";
        else result += c;
    }
    return result;
}

double width_of(std::string_view text) {
    double characters = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xc0) != 0x80) characters += byte < 0xe0 ? 1 : 2;
    }
    return characters * character;
}

double room_for_y(const Axis& axis, bool has_label) {
    double widest = 0;
    for (const Tick& tick : axis.ticks()) widest = std::max(widest, width_of(tick.label));
    return picture_border + (has_label ? 18 : 0) + widest + 8;
}

}  // namespace ravine::tools
