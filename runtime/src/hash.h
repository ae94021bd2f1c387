#pragma once
#include <cstdint>
#include <string_view>

namespace ravine::inline v0 {

/// A hash of words whose collisions cannot be chosen from outside, so that a file cannot make a table slow: a polynomial
/// modulo the prime 2^61 - 1 at a point that is drawn once per process. Two different inputs of n words collide with a
/// probability of n / 2^61.
class SecretHash {
  public:
    /// Draws the point when it is called first.
    SecretHash();

    /// `word` must be below 2^61.
    void add(std::uint64_t word) noexcept;
    void add_bytes(std::string_view bytes) noexcept;
    std::uint64_t value() const noexcept;

  private:
    std::uint64_t point_;
    std::uint64_t sum_ = 1;
};

/// For the standard's containers.
struct SecretStringHash {
    std::size_t operator()(std::string_view text) const {
        SecretHash hash;
        hash.add_bytes(text);
        return static_cast<std::size_t>(hash.value());
    }
};

}  // namespace ravine::inline v0
