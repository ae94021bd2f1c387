#pragma once
#include <ravine/runtime/shape.h>

#include <cstddef>

namespace ravine::inline v0 {

/// Where the elements of a strided tensor lie, walked in row-major order of its shape. Dimensions that follow one another
/// in memory are merged, so that most tensors have one or two.
class StridedCursor {
  public:
    StridedCursor(const Shape& shape, const Shape& strides);

    /// Copies `count` elements of `item` bytes, beginning with the element number `first`, from the tensor to `flat`.
    void gather(const std::byte* tensor, std::int64_t first, std::int64_t count, std::size_t item, std::byte* flat) const;
    /// The other way.
    void scatter(const std::byte* flat, std::int64_t first, std::int64_t count, std::size_t item, std::byte* tensor) const;

  private:
    template <class Run> void walk(std::int64_t first, std::int64_t count, Run run) const;
    Shape sizes_;    // innermost last, merged
    Shape strides_;  // of the merged dimensions
};

}  // namespace ravine::inline v0
