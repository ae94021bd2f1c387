#include <ravine/runtime/shape.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ravine::inline v0 {

Shape::Shape(std::span<const std::int64_t> sizes) : size_(sizes.size()) {
    if (size_ > inline_capacity) heap_.assign(sizes.begin(), sizes.end());
    else std::copy(sizes.begin(), sizes.end(), inline_);
}

std::int64_t Shape::numel() const noexcept {
    std::int64_t product = 1;
    for (const std::int64_t size : *this) product *= size;
    return product;
}

std::string Shape::to_string() const {
    return fmt::format("({}{})", fmt::join(begin(), end(), ", "), size_ == 1 ? "," : "");
}

Shape contiguous_strides(const Shape& shape) {
    Shape strides = shape;
    std::int64_t stride = 1;
    for (std::size_t d = shape.size(); d-- > 0;) {
        strides[d] = stride;
        stride *= std::max<std::int64_t>(shape[d], 1);
    }
    return strides;
}

}  // namespace ravine::inline v0
