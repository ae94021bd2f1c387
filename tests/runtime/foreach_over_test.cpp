#include "../complaints.h"
#include "../tensors.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/value.h>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

namespace ravine::testing {
namespace {

using foreach::Tensors;

/// The lines of a row-major tensor along a dimension, as tensors of their own.
std::vector<Tensor> lines_of(const Tensor& tensor, std::size_t dim) {
    std::int64_t outer = 1, inner = 1;
    for (std::size_t d = 0; d < dim; ++d) outer *= tensor.shape()[d];
    for (std::size_t d = dim + 1; d < tensor.dim(); ++d) inner *= tensor.shape()[d];
    const std::int64_t length = tensor.shape()[dim];
    const auto* data = static_cast<const std::byte*>(tensor.data());
    std::vector<Tensor> result;
    for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t i = 0; i < inner; ++i) {
            const auto first = static_cast<std::size_t>(o * length * inner + i) * item_size(tensor.dtype());
            result.push_back(borrow(data + first, tensor.dtype(), {length}, {.strides = {inner}}));
        }
    }
    return result;
}

const std::vector<Shape> shapes = {{1}, {7}, {3, 5}, {17, 33}, {2, 3, 4}, {5, 1}, {1, 6}, {4, 200}, {200, 4}, {2, 70, 131}, {9000, 2}, {2, 9000}};

}  // namespace

TEST_CASE("a norm over a dimension is the norm of each line, to the bit") {
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        for (const Shape& shape : shapes) {
            CAPTURE(shape.to_string());
            const Tensor tensor = random_tensor(shape, dtype, 3);
            for (std::size_t dim = 0; dim < shape.size(); ++dim) {
                const Tensor result = foreach::norm_over(Tensors{tensor}, static_cast<std::int64_t>(dim))[0];
                Shape kept = shape;
                kept[dim] = 1;
                REQUIRE(result.shape() == kept);
                CHECK(result.dtype() == dtype);
                std::vector<double> expected;
                for (const Tensor& norm : foreach::norm(lines_of(tensor, dim))) expected.push_back(norm.item());
                CHECK(numbers_of(result) == expected);
                const auto back = static_cast<std::int64_t>(dim) - static_cast<std::int64_t>(shape.size());
                CHECK(Value(foreach::norm_over(Tensors{tensor}, back)[0]) == Value(result));
            }
        }
    }
}

TEST_CASE("a mean over a dimension is near the mean of each line, and exact for integers") {
    const Tensor numbers = tensor_of({1, 2, 3, 4, 5, 6}).view({2, 3});
    CHECK(numbers_of(foreach::mean_over(Tensors{numbers}, -1)[0]) == std::vector<double>{2, 5});
    CHECK(numbers_of(foreach::mean_over(Tensors{numbers}, 0)[0]) == std::vector<double>{2.5, 3.5, 4.5});
    CHECK(numbers_of(foreach::mean_over(Tensors{integers({9000, 3}, DType::f64, 1)}, 0)[0]).size() == 3);
    const Tensor many = random_tensor({9000, 2}, DType::f64, 1);
    const auto lines = lines_of(many, 0);
    const std::vector<double> means = numbers_of(foreach::mean_over(Tensors{many}, 0)[0]);
    for (std::size_t i = 0; i < 2; ++i) {
        double sum = 0;
        for (const double number : numbers_of(lines[i])) sum += number;
        CHECK(means[i] == doctest::Approx(sum / 9000).epsilon(1e-13));
    }
}

TEST_CASE("neither layout nor threads nor neighbours in the list change a bit") {
    ThreadExecutor two(2), four(4);
    Tensors list, strided;
    for (const Shape& shape : {Shape{65, 301}, Shape{3, 7}, Shape{301, 65}, Shape{1, 4099}}) {
        list.push_back(random_tensor(shape, DType::f32, 5));
        strided.push_back(empty_strided(shape, {1, shape[0]}, DType::f32));
        strided.back().copy_(list.back());
    }
    for (const std::int64_t dim : {-1, -2}) {
        const Tensors expected = foreach::norm_over(list, dim);
        for (Executor* executor : {static_cast<Executor*>(&two), static_cast<Executor*>(&four)}) {
            const Tensors norms = foreach::norm_over(strided, dim, {.executor = executor});
            for (std::size_t i = 0; i < list.size(); ++i) {
                CHECK(Value(norms[i]) == Value(expected[i]));
                CHECK(Value(foreach::norm_over(Tensors{list[i]}, dim)[0]) == Value(expected[i]));
            }
        }
    }
}

TEST_CASE("lines without elements have norm 0 and no mean, and no lines are no error") {
    CHECK(numbers_of(foreach::norm_over(Tensors{zeros({2, 0}, DType::f32)}, -1)[0]) == std::vector<double>{0, 0});
    CHECK(std::isnan(numbers_of(foreach::mean_over(Tensors{zeros({1, 0}, DType::f32)}, -1)[0])[0]));
    CHECK(foreach::norm_over(Tensors{zeros({2, 0}, DType::f32)}, 0)[0].shape() == Shape{1, 0});
    CHECK(foreach::norm_over(Tensors{}, 0).empty());
}

TEST_CASE("a dimension that a tensor does not have is refused with the tensor's number") {
    const auto complaint = [](const Tensor& tensor, std::int64_t dim) {
        return message_of<std::invalid_argument>([&] { foreach::norm_over(Tensors{zeros({1, 1, 1}, DType::f32), tensor}, dim); });
    };
    CHECK(contains(complaint(zeros({2, 2}, DType::f32), 2), "foreach.norm_over: dim must be a dimension of every tensor, got 2 for shape (2, 2) (tensor 1)"));
    CHECK(contains(complaint(zeros({2, 2}, DType::f32), -3), "got -3"));
    CHECK(contains(complaint(scalar_tensor(1, DType::f32), 0), "shape ()"));
    CHECK(contains(complaint(zeros({2, 2}, DType::i64), 0), "float"));
}

TEST_CASE("a list of alphas adds each tensor with its own") {
    const Tensors a = {tensor_of({1, 2}), tensor_of({3}, DType::f64)}, b = {tensor_of({10, 20}), tensor_of({30}, DType::f64)};
    const Tensors sums = foreach::add(a, b, std::vector{0.5, -1.0});
    CHECK(numbers_of(sums[0]) == std::vector<double>{6, 12});
    CHECK(numbers_of(sums[1]) == std::vector<double>{-27});
    CHECK_THROWS_AS(foreach::add(a, b, std::vector{1.0}), std::invalid_argument);
    CHECK_THROWS_AS(foreach::add(a, b, std::vector{1e39, 1.0}), std::invalid_argument);
}

}  // namespace ravine::testing
