#include <ravine/runtime/shape.h>

#include <doctest/doctest.h>

namespace ravine::testing {

TEST_CASE("a shape takes any integers") {
    const std::size_t rows = 3;
    const Shape shape{rows, 4, std::int8_t{2}};
    CHECK(shape.size() == 3);
    CHECK(shape[0] == 3);
    CHECK(shape.numel() == 24);
    CHECK(shape == Shape(std::vector<std::int64_t>{3, 4, 2}));
    CHECK_FALSE(shape == Shape{3, 4});
    CHECK_FALSE(shape == Shape{3, 4, 3});
}

TEST_CASE("the 0-d shape has one element and an empty one none") {
    CHECK(Shape().empty());
    CHECK(Shape().numel() == 1);
    CHECK(Shape{2, 0, 3}.numel() == 0);
}

TEST_CASE("more dimensions than fit inside are kept on the heap, through copies and moves") {
    Shape many{1, 2, 3, 4, 5, 6, 7, 8};
    many[7] = 9;
    const Shape copy = many;
    const Shape moved = std::move(many);
    CHECK(copy == moved);
    CHECK(copy.numel() == 1 * 2 * 3 * 4 * 5 * 6 * 7 * 9);
    CHECK(copy.to_string() == "(1, 2, 3, 4, 5, 6, 7, 9)");
    Shape other{2};
    other = copy;
    CHECK(other == copy);
}

TEST_CASE("shapes are printed as Python prints tuples") {
    CHECK(Shape().to_string() == "()");
    CHECK(Shape{5}.to_string() == "(5,)");
    CHECK(Shape{2, 3}.to_string() == "(2, 3)");
}

TEST_CASE("contiguous strides are row-major, and an empty dimension counts as one") {
    CHECK(contiguous_strides({2, 3, 4}) == Shape{12, 4, 1});
    CHECK(contiguous_strides({2, 0, 4}) == Shape{4, 4, 1});
    CHECK(contiguous_strides({}) == Shape());
}

}  // namespace ravine::testing
