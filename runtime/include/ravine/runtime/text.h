#pragma once
// Text for files and messages: UTF-8, JSON strings, numbers.

#include <ravine/runtime/export.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ravine::inline v0 {

/// A character at the beginning of a text; 0 bytes if there is no valid UTF-8.
struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0;
};
RAVINE_API CodePoint first_code_point(std::string_view text) noexcept;
RAVINE_API bool is_utf8(std::string_view text) noexcept;
/// `value` must be a Unicode scalar value.
RAVINE_API void append_utf8(std::string& out, std::uint32_t value);

/// What a terminal can show in one line: control and formatting characters and bytes that are not UTF-8 become `\n`,
/// `\x1b`, `\u202e`. Cut to about `limit` bytes.
RAVINE_API std::string printable(std::string_view text, std::size_t limit = 120);
/// The same in single quotes.
RAVINE_API std::string quoted(std::string_view text, std::size_t limit = 120);

/// The shortest decimal that reads back as the same double, always with `.` or `e`, in Python's form: `0.1`, `1e-08`,
/// `100000.0`, `1e+16`; also `nan`, `inf`, `-inf`.
RAVINE_API void append_double(std::string& out, double value);
/// A JSON string with its quotes. Escapes only what JSON demands; the text must be UTF-8.
RAVINE_API void append_json_string(std::string& out, std::string_view text);

}  // namespace ravine::inline v0
