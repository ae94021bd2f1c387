#include "json_cursor.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// What a string holds as it stands: ASCII but controls, quote and backslash.
bool is_plain(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

}  // namespace

char JsonCursor::next_token() noexcept {
    while (!at_end()) {
        const char c = text_[position_];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return c;
        ++position_;
    }
    return '\0';
}

bool JsonCursor::accept(char wanted) noexcept {
    if (next_token() != wanted || at_end()) return false;
    ++position_;
    return true;
}

void JsonCursor::expect(char wanted, std::string_view what) {
    if (!accept(wanted)) fail(what);
}

bool JsonCursor::accept_word(std::string_view word) noexcept {
    next_token();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
}

std::string JsonCursor::string(std::string_view what, std::size_t limit) {
    expect('"', what);
    std::string out;
    for (;;) {
        const std::size_t first = position_;
        while (position_ < text_.size() && is_plain(text_[position_])) ++position_;
        out.append(text_.substr(first, position_ - first));
        if (out.size() > limit) fail(fmt::format("{} must have at most {} bytes", what, limit), "more");
        const char c = peek();
        if (c == '"' && !at_end()) {
            ++position_;
            return out;
        }
        if (c == '\\') {
            append_escape(out, what);
            continue;
        }
        const CodePoint point = first_code_point(text_.substr(position_));
        if (point.bytes < 2) fail(fmt::format("{} must be a JSON string in UTF-8", what));
        out.append(text_.substr(position_, point.bytes));
        position_ += point.bytes;
    }
}

void JsonCursor::append_escape(std::string& out, std::string_view what) {
    ++position_;
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char letter = peek();
    if (const std::size_t known = letters.find(letter); !at_end() && known != std::string_view::npos) {
        out += meanings[known];
        ++position_;
        return;
    }
    std::uint32_t code = hex4(what);
    if (code >= 0xd800 && code < 0xdc00 && peek() == '\\') {
        ++position_;
        const std::uint32_t low = hex4(what);
        const bool pair = low >= 0xdc00 && low < 0xe000;
        code = pair ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : code;
    }
    if (code >= 0xd800 && code < 0xe000) fail(fmt::format("{} must not hold half of a surrogate pair", what), "one");
    append_utf8(out, code);
}

std::uint32_t JsonCursor::hex4(std::string_view what) {
    std::uint32_t code = 0;
    const std::string_view digits = text_.substr(position_).substr(0, 5);
    const bool complete = digits.size() == 5 && digits[0] == 'u';
    const char* end = digits.data() + digits.size();
    if (!complete || std::from_chars(digits.data() + 1, end, code, 16).ptr != end) {
        fail(fmt::format("{} must hold only JSON's escapes", what));
    }
    position_ += 5;
    return code;
}

void JsonCursor::skip_digits(std::string_view what) {
    if (!is_digit(peek())) fail(fmt::format("{} must be a number", what));
    while (is_digit(peek())) ++position_;
}

std::string_view JsonCursor::number(std::string_view what) {
    next_token();
    const std::size_t first = position_;
    if (peek() == '-') ++position_;
    const bool zero = peek() == '0';
    const std::size_t integer = position_;
    skip_digits(what);
    if (zero && position_ > integer + 1) fail(fmt::format("{} must be a number without leading zeros", what), "0");
    if (peek() == '.') {
        ++position_;
        skip_digits(what);
    }
    if (peek() == 'e' || peek() == 'E') {
        ++position_;
        if (peek() == '+' || peek() == '-') ++position_;
        skip_digits(what);
    }
    return text_.substr(first, position_ - first);
}

std::int64_t JsonCursor::natural(std::string_view what) {
    const std::string_view digits = number(what);
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (digits[0] == '-' || stop != end || error != std::errc()) {
        fail(fmt::format("{} must be an integer from 0 to 2^63 - 1", what), printable(digits, 40));
    }
    return value;
}

void JsonCursor::fail(std::string_view what) const {
    fail(what, at_end() ? "the end" : quoted(text_.substr(position_, 16), 12));
}

void JsonCursor::fail(std::string_view what, std::string_view got) const {
    throw std::runtime_error(fmt::format("{}: {}, got {} at byte {} ({})", who_, what, got, first_byte_ + position_, where_));
}

}  // namespace ravine::inline v0
