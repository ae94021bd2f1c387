#include "strided.h"

#include <cstring>
#include <vector>

namespace ravine::inline v0 {

StridedCursor::StridedCursor(const Shape& shape, const Shape& strides) {
    std::vector<std::int64_t> sizes, steps;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] == 1) continue;
        if (!sizes.empty() && steps.back() == strides[d] * shape[d]) {
            sizes.back() *= shape[d];
            steps.back() = strides[d];
        } else {
            sizes.push_back(shape[d]);
            steps.push_back(strides[d]);
        }
    }
    if (sizes.empty()) {
        sizes.push_back(1);
        steps.push_back(1);
    }
    sizes_ = Shape(sizes);
    strides_ = Shape(steps);
}

/// Calls run(offset in elements, length, stride) for runs along the innermost dimension.
template <class Run> void StridedCursor::walk(std::int64_t first, std::int64_t count, Run run) const {
    const std::size_t inner = sizes_.size() - 1;
    while (count > 0) {
        std::int64_t rest = first / sizes_[inner];
        const std::int64_t column = first % sizes_[inner];
        std::int64_t offset = column * strides_[inner];
        for (std::size_t d = inner; d-- > 0;) {
            offset += rest % sizes_[d] * strides_[d];
            rest /= sizes_[d];
        }
        const std::int64_t length = std::min(count, sizes_[inner] - column);
        run(offset, length, strides_[inner]);
        first += length;
        count -= length;
    }
}

namespace {

template <class Item> void copy_items(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
                                      std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        std::memcpy(to + i * to_step * static_cast<std::int64_t>(sizeof(Item)),
                    from + i * from_step * static_cast<std::int64_t>(sizeof(Item)), sizeof(Item));
    }
}

void copy_run(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step, std::int64_t count,
              std::size_t item) {
    struct Sixteen {
        std::byte bytes[16];
    };
    if (from_step == 1 && to_step == 1) {
        std::memcpy(to, from, static_cast<std::size_t>(count) * item);
        return;
    }
    switch (item) {
    case 1: return copy_items<std::uint8_t>(from, from_step, to, to_step, count);
    case 2: return copy_items<std::uint16_t>(from, from_step, to, to_step, count);
    case 4: return copy_items<std::uint32_t>(from, from_step, to, to_step, count);
    case 8: return copy_items<std::uint64_t>(from, from_step, to, to_step, count);
    default: return copy_items<Sixteen>(from, from_step, to, to_step, count);
    }
}

}  // namespace

void StridedCursor::gather(const std::byte* tensor, std::int64_t first, std::int64_t count, std::size_t item,
                           std::byte* flat) const {
    const auto bytes = static_cast<std::int64_t>(item);
    walk(first, count, [&](std::int64_t offset, std::int64_t length, std::int64_t stride) {
        copy_run(tensor + offset * bytes, stride, flat, 1, length, item);
        flat += length * bytes;
    });
}

void StridedCursor::scatter(const std::byte* flat, std::int64_t first, std::int64_t count, std::size_t item,
                            std::byte* tensor) const {
    const auto bytes = static_cast<std::int64_t>(item);
    walk(first, count, [&](std::int64_t offset, std::int64_t length, std::int64_t stride) {
        copy_run(flat, 1, tensor + offset * bytes, stride, length, item);
        flat += length * bytes;
    });
}

}  // namespace ravine::inline v0
