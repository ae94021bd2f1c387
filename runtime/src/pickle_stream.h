#pragma once
#include "hash.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ravine::inline v0::pickle {

/// The opcodes of a pickle, one after another. What Python's pickler remembers is remembered in the same order, by the same numbers.
class Stream {
  public:
    void opcode(unsigned char code) { bytes_ += static_cast<char>(code); }
    void integer(std::int64_t value);
    void real(double value);
    /// Text that is remembered: the second time it takes two bytes.
    void text(const std::string& text);
    /// A storage's key: equal to no text, since Python makes it anew.
    void key(std::size_t number);
    /// A class or function, remembered like text.
    void global(std::string_view module, std::string_view name);
    /// Gives the value that was just made the next number.
    void remember();
    std::string take() { return std::move(bytes_); }
    std::size_t size() const noexcept { return bytes_.size(); }

  private:
    using Numbers = std::unordered_map<std::string, std::uint32_t, SecretStringHash>;
    /// Whether it was known and has been recalled; else it is known from now on.
    bool recall(Numbers& numbers, const std::string& what);
    void put_text(std::string_view text);
    template <class Number> void number(Number value);

    std::string bytes_;
    std::uint32_t remembered_ = 0;
    Numbers texts_, globals_, keys_;
};

}  // namespace ravine::inline v0::pickle
