#include "strided.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

namespace ravine::testing {
namespace {

/// Offsets of all elements in row-major order of the shape, the slow way.
std::vector<std::int64_t> offsets_of(const Shape& shape, const Shape& strides) {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < shape.numel(); ++i) {
        std::int64_t rest = i, offset = 0;
        for (std::size_t d = shape.size(); d-- > 0;) {
            offset += rest % shape[d] * strides[d];
            rest /= shape[d];
        }
        result.push_back(offset);
    }
    return result;
}

template <std::size_t item> void check_walk(const Shape& shape, const Shape& strides) {
    CAPTURE(shape.to_string());
    CAPTURE(strides.to_string());
    struct Item {
        unsigned char bytes[item];
        bool operator==(const Item&) const = default;
    };
    const std::vector<std::int64_t> offsets = offsets_of(shape, strides);
    std::vector<Item> memory(static_cast<std::size_t>(*std::max_element(offsets.begin(), offsets.end())) + 2);
    for (std::size_t i = 0; i < memory.size(); ++i) std::memset(&memory[i], static_cast<int>(i % 251 + 1), item);
    const StridedCursor cursor(shape, strides);
    const auto numel = static_cast<std::int64_t>(offsets.size());
    for (std::int64_t first = 0; first < numel; first += 3) {
        for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{4}, numel - first}) {
            if (first + count > numel) continue;
            std::vector<Item> flat(static_cast<std::size_t>(count) + 1), expected = flat;
            for (std::int64_t i = 0; i < count; ++i) expected[static_cast<std::size_t>(i)] = memory[static_cast<std::size_t>(offsets[static_cast<std::size_t>(first + i)])];
            cursor.gather(reinterpret_cast<const std::byte*>(memory.data()), first, count, item, reinterpret_cast<std::byte*>(flat.data()));
            REQUIRE((flat == expected));

            std::vector<Item> target(memory.size()), wanted = target;
            for (std::int64_t i = 0; i < count; ++i) wanted[static_cast<std::size_t>(offsets[static_cast<std::size_t>(first + i)])] = flat[static_cast<std::size_t>(i)];
            cursor.scatter(reinterpret_cast<const std::byte*>(flat.data()), first, count, item, reinterpret_cast<std::byte*>(target.data()));
            REQUIRE((target == wanted));
        }
    }
}

}  // namespace

TEST_CASE("gather and scatter follow any strides, from any element on, for every item size") {
    struct Layout {
        Shape shape, strides;
    };
    const Layout layouts[] = {{{}, {}},
                              {{7}, {1}},
                              {{7}, {3}},
                              {{2, 3}, {3, 1}},
                              {{2, 3}, {1, 2}},
                              {{3, 4}, {12, 2}},
                              {{2, 3, 4}, {12, 4, 1}},
                              {{2, 3, 4}, {1, 2, 6}},
                              {{2, 1, 4}, {8, 77, 2}},
                              {{2, 2, 2, 2, 2, 2, 2}, {64, 32, 16, 8, 4, 2, 1}},
                              {{2, 2, 2, 2, 2, 2, 2}, {1, 2, 4, 8, 16, 32, 64}}};
    for (const Layout& layout : layouts) {
        check_walk<1>(layout.shape, layout.strides);
        check_walk<2>(layout.shape, layout.strides);
        check_walk<4>(layout.shape, layout.strides);
        check_walk<8>(layout.shape, layout.strides);
        check_walk<16>(layout.shape, layout.strides);
    }
}

TEST_CASE("a broadcast tensor is read over and over") {
    const float memory[3] = {1, 2, 3};
    float flat[6];
    StridedCursor({2, 3}, {0, 1}).gather(reinterpret_cast<const std::byte*>(memory), 0, 6, sizeof(float), reinterpret_cast<std::byte*>(flat));
    CHECK(std::vector<float>(flat, flat + 6) == std::vector<float>{1, 2, 3, 1, 2, 3});
}

}  // namespace ravine::testing
