#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

namespace ravine::inline v0 {
namespace {

/// Number of bytes that a lead byte announces; 0 if it is none.
std::size_t sequence_length(unsigned char lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead < 0xc2) return 0;
    if (lead < 0xe0) return 2;
    if (lead < 0xf0) return 3;
    return lead < 0xf5 ? 4 : 0;
}

struct Range {
    std::uint32_t first, last;
};

/// Controls, separators, joiners, marks that reverse the direction of text, private and non-characters: what could hide
/// or rearrange a message.
constexpr Range unprintable[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},         {0x61c, 0x61c},
                                 {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},     {0x2060, 0x206f},
                                 {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},     {0xfff0, 0xfffb},
                                 {0xfffe, 0xffff}, {0xe0000, 0xfffff}, {0x100000, 0x10ffff}};

bool is_printable(std::uint32_t code) noexcept {
    return std::none_of(std::begin(unprintable), std::end(unprintable),
                        [code](const Range& range) { return range.first <= code && code <= range.last; });
}

void append_escaped(std::string& out, const CodePoint& point) {
    const std::uint32_t code = point.value;
    if (code == '\n') out += "\\n";
    else if (code == '\t') out += "\\t";
    else if (code == '\r') out += "\\r";
    else if (code < 0x100) fmt::format_to(std::back_inserter(out), "\\x{:02x}", code);
    else if (code < 0x10000) fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    else fmt::format_to(std::back_inserter(out), "\\U{:08x}", code);
}

}  // namespace

CodePoint first_code_point(std::string_view text) noexcept {
    if (text.empty()) return {};
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = sequence_length(lead);
    if (bytes == 1) return {lead, 1};
    if (bytes == 0 || bytes > text.size()) return {};
    std::uint32_t code = lead & (0xffu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80) return {};
        code = code << 6 | (next & 0x3fu);
    }
    constexpr std::array<std::uint32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < smallest[bytes] || code > 0x10ffff || surrogate) return {};
    return {code, bytes};
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t bytes = first_code_point(text).bytes;
        if (bytes == 0) return false;
        text.remove_prefix(bytes);
    }
    return true;
}

void append_utf8(std::string& out, std::uint32_t value) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (value >> shift & 0x3f)); };
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else if (value < 0x800) {
        out += static_cast<char>(0xc0 | value >> 6);
        tail(0);
    } else if (value < 0x10000) {
        out += static_cast<char>(0xe0 | value >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0 | value >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= limit) return out + "...";
        CodePoint point = first_code_point(text);
        if (point.bytes > 0 && is_printable(point.value)) {
            out += text.substr(0, point.bytes);
        } else {
            if (point.bytes == 0) point = {static_cast<unsigned char>(text[0]), 1};
            append_escaped(out, point);
        }
        text.remove_prefix(point.bytes);
    }
    return out;
}

std::string quoted(std::string_view text, std::size_t limit) {
    return '\'' + printable(text, limit) + '\'';
}

void append_double(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
        return;
    }
    std::array<char, 40> digits;
    const auto write = [&](std::chars_format format) {
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value, format).ptr;
        return std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
    };
    const double magnitude = std::abs(value);
    const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
    const std::string_view text = write(plain ? std::chars_format::fixed : std::chars_format::scientific);
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\t': out += "\\t"; break;
        case '\n': out += "\\n"; break;
        case '\f': out += "\\f"; break;
        case '\r': out += "\\r"; break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20) out += c;
            else fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        }
    }
    out += '"';
}

}  // namespace ravine::inline v0
