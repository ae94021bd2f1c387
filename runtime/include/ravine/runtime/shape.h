#pragma once
#include <ravine/runtime/export.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ravine::inline v0 {

/// A short list of 64-bit sizes or strides, in elements. Up to six are kept inside; more take the heap.
class RAVINE_API Shape {
  public:
    Shape() noexcept = default;
    /// Any integers: `{n, 3}` with a `std::size_t n` does not narrow.
    template <std::integral... I>
        requires(sizeof...(I) > 0)
    Shape(I... sizes)
        : Shape(std::span<const std::int64_t>(std::array<std::int64_t, sizeof...(I)>{static_cast<std::int64_t>(sizes)...})) {}
    explicit Shape(std::span<const std::int64_t> sizes);
    explicit Shape(const std::vector<std::int64_t>& sizes) : Shape(std::span(sizes)) {}

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::int64_t* begin() const noexcept { return size_ > inline_capacity ? heap_.data() : inline_; }
    const std::int64_t* end() const noexcept { return begin() + size_; }
    std::int64_t* begin() noexcept { return size_ > inline_capacity ? heap_.data() : inline_; }
    std::int64_t* end() noexcept { return begin() + size_; }
    std::int64_t operator[](std::size_t i) const noexcept { return begin()[i]; }
    std::int64_t& operator[](std::size_t i) noexcept { return begin()[i]; }
    friend bool operator==(const Shape& a, const Shape& b) noexcept {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

    /// Product of the sizes; 1 for the 0-d shape.
    std::int64_t numel() const noexcept;
    /// "(2, 3)", "(5,)" or "()", as Python prints it.
    std::string to_string() const;

  private:
    static constexpr std::size_t inline_capacity = 6;
    std::size_t size_ = 0;
    std::int64_t inline_[inline_capacity] = {};
    std::vector<std::int64_t> heap_;
};

/// Strides of a row-major tensor, in elements.
RAVINE_API Shape contiguous_strides(const Shape& shape);

}  // namespace ravine::inline v0
