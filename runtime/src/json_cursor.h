#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ravine::inline v0 {

/// Walks once over a JSON text; the caller knows the grammar. Whatever is wrong is a std::runtime_error with the position
/// and what stands there.
class JsonCursor {
  public:
    /// `who` and `where` are for messages, in which positions count from `first_byte`; all texts must outlive the cursor.
    JsonCursor(std::string_view text, std::string_view who, std::string_view where, std::size_t first_byte = 0)
        : text_(text), who_(who), where_(where), first_byte_(first_byte) {}

    bool at_end() const noexcept { return position_ == text_.size(); }
    /// The next byte, without and with the spaces before it; 0 at the end.
    char peek() const noexcept { return at_end() ? '\0' : text_[position_]; }
    char next_token() noexcept;

    /// Takes a byte (after spaces) if it is there.
    bool accept(char wanted) noexcept;
    void expect(char wanted, std::string_view what);
    /// Takes `null`, `true` or `false` if it is there.
    bool accept_word(std::string_view word) noexcept;

    /// A string with its escapes decoded, valid UTF-8, of at most `limit` bytes.
    std::string string(std::string_view what, std::size_t limit);
    /// The text of a number, in JSON's grammar.
    std::string_view number(std::string_view what);
    /// A number without sign, fraction and exponent, below 2^63.
    std::int64_t natural(std::string_view what);

    /// "<who>: <what> at byte 12, got 'x' (<where>)".
    [[noreturn]] void fail(std::string_view what) const;
    /// The same with a text of the caller's instead of the next byte.
    [[noreturn]] void fail(std::string_view what, std::string_view got) const;

  private:
    void append_escape(std::string& out, std::string_view what);
    std::uint32_t hex4(std::string_view what);
    void skip_digits(std::string_view what);

    std::string_view text_;
    std::string_view who_;
    std::string_view where_;
    std::size_t first_byte_;
    std::size_t position_ = 0;
};

}  // namespace ravine::inline v0
