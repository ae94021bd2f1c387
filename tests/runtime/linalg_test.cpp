#include <ravine/runtime/foreach.h>
#include <ravine/runtime/linalg.h>

#include "complaints.h"
#include "tensors.h"

#include <doctest/doctest.h>

#include <cmath>

namespace ravine::testing {

using linalg::Transpose;

namespace {

Tensor matrix(std::int64_t rows, std::int64_t columns, DType dtype, int seed) { return integers({rows, columns}, dtype, seed); }

/// One matrix of a batch, as a view.
Tensor matrix_of(const Tensor& batch, std::int64_t index) {
    const std::int64_t rows = batch.shape()[1], columns = batch.shape()[2];
    auto* first = static_cast<std::byte*>(batch.mutable_data()) + static_cast<std::size_t>(index * rows * columns) * item_size(batch.dtype());
    return borrow(static_cast<void*>(first), batch.dtype(), {rows, columns});
}

double at(const Tensor& tensor, std::int64_t row, std::int64_t column) {
    const Tensor wide = tensor.to(DType::f64);
    return wide.span<const double>()[static_cast<std::size_t>(row * tensor.shape()[1] + column)];
}

/// The number of elements that differ from alpha * a @ b + beta * old, element by element.
int wrong_elements(const Tensor& out, const Tensor& a, bool ta, const Tensor& b, bool tb, double alpha, const Tensor& old, double beta) {
    int wrong = 0;
    for (std::int64_t i = 0; i < out.shape()[0]; ++i) {
        for (std::int64_t j = 0; j < out.shape()[1]; ++j) {
            double sum = 0;
            for (std::int64_t p = 0; p < a.shape()[ta ? 0 : 1]; ++p) sum += (ta ? at(a, p, i) : at(a, i, p)) * (tb ? at(b, j, p) : at(b, p, j));
            wrong += at(out, i, j) != alpha * sum + (beta == 0 ? 0 : beta * at(old, i, j));
        }
    }
    return wrong;
}

}  // namespace

TEST_CASE("gemm multiplies matrices of every floating-point dtype, transposed or not, and adds to what was there") {
    constexpr std::int64_t m = 3, n = 5, k = 4;
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        for (const bool ta : {false, true}) {
            for (const bool tb : {false, true}) {
                const Tensor a = ta ? matrix(k, m, dtype, 1) : matrix(m, k, dtype, 1), b = tb ? matrix(n, k, dtype, 2) : matrix(k, n, dtype, 2);
                const Tensor old = matrix(m, n, dtype, 3), out = old.clone();
                linalg::gemm(out, a, ta ? Transpose::yes : Transpose::no, b, tb ? Transpose::yes : Transpose::no, 0.5, 2);
                CHECK(wrong_elements(out, a, ta, b, tb, 0.5, old, 2) == 0);
            }
        }
    }
}

TEST_CASE("gemm multiplies a batch of matrices, each by its own") {
    constexpr std::int64_t batch = 3, m = 2, n = 4, k = 5;
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        for (const bool ta : {false, true}) {
            for (const bool tb : {false, true}) {
                const Tensor a = integers(ta ? Shape(batch, k, m) : Shape(batch, m, k), dtype, 1);
                const Tensor b = integers(tb ? Shape(batch, n, k) : Shape(batch, k, n), dtype, 2);
                const Tensor old = integers({batch, m, n}, dtype, 3), out = old.clone();
                linalg::gemm(out, a, ta ? Transpose::yes : Transpose::no, b, tb ? Transpose::yes : Transpose::no, 0.5, 2);
                for (std::int64_t i = 0; i < batch; ++i) {
                    CHECK(wrong_elements(matrix_of(out, i), matrix_of(a, i), ta, matrix_of(b, i), tb, 0.5, matrix_of(old, i), 2) == 0);
                }
            }
        }
    }
    linalg::gemm(empty({0, 2, 2}, DType::f32), empty({0, 2, 3}, DType::f32), Transpose::no, empty({0, 3, 2}, DType::f32), Transpose::no);
}

TEST_CASE("gemm with beta 0 does not read what was there") {
    const Tensor out = scalar_tensor(NAN, DType::f32).view({1, 1});
    linalg::gemm(out, matrix(1, 3, DType::f32, 1), Transpose::no, matrix(3, 1, DType::f32, 2), Transpose::no);
    CHECK(out.item() == out.item());
}

TEST_CASE("gemm of empty matrices is zero, or nothing") {
    const Tensor out = matrix(2, 2, DType::f32, 1);
    linalg::gemm(out, empty({2, 0}, DType::f32), Transpose::no, empty({0, 2}, DType::f32), Transpose::no);
    for (const float element : out.span<const float>()) CHECK(element == 0);
    linalg::gemm(empty({0, 2}, DType::f32), empty({0, 3}, DType::f32), Transpose::no, matrix(3, 2, DType::f32, 1), Transpose::no);
}

TEST_CASE("gemm refuses operands that do not fit") {
    const Tensor out = zeros({2, 2}, DType::f32), a = zeros({2, 3}, DType::f32), b = zeros({3, 2}, DType::f32);
    const auto complaint = [](const Tensor& o, const Tensor& x, const Tensor& y) {
        return message_of<std::invalid_argument>([&] { linalg::gemm(o, x, Transpose::no, y, Transpose::no); });
    };
    CHECK(complaint(out, a, a) == "gemm: shapes must fit, got out (2, 2), a (2, 3), b (2, 3)");
    CHECK(complaint(out, a, zeros({3, 2}, DType::f64)) == "gemm: b must be float32 like out, got float64");
    CHECK(complaint(out, zeros({6}, DType::f32), b) == "gemm: a must be a matrix or a batch of matrices, got shape (6,)");
    CHECK(complaint(zeros({2, 2, 2}, DType::f32), a, b) == "gemm: shapes must fit, got out (2, 2, 2), a (2, 3), b (3, 2)");
    CHECK(complaint(zeros({2, 2, 2}, DType::f32), zeros({2, 2, 3}, DType::f32), zeros({1, 3, 2}, DType::f32)) ==
          "gemm: shapes must fit, got out (2, 2, 2), a (2, 2, 3), b (1, 3, 2)");
    CHECK(complaint(zeros({2, 2}, DType::i64), a, b) == "gemm: out must be floating-point, got int64");
    const Tensor strided = borrow(a.data(), DType::f32, {2, 3}, {.strides = {1, 2}});
    CHECK(contains(complaint(out, strided, b), "gemm: a must be contiguous"));
    CHECK(contains(complaint(borrow(out.data(), DType::f32, {2, 2}), a, b), "read-only"));
}

TEST_CASE("the library of the products has a name") {
    CHECK((linalg::backend() == "openblas" || linalg::backend() == "cblas" || linalg::backend() == "built-in"));
}

TEST_CASE("dot sums products in the tree of a norm, whatever the threads") {
    ThreadExecutor three(3);
    for (const DType dtype : {DType::f64, DType::f32}) {
        for (const std::int64_t size : {0, 1, 2, 15, 16, 17, 4095, 4096, 4097, 50'001}) {
            CAPTURE(size);
            const Tensor a = random_tensor({size}, dtype, 1), b = random_tensor({size}, dtype, 2);
            const double serial = linalg::dot(a, b);
            CHECK(linalg::dot(a, b, {.executor = &three}) == serial);
            CHECK(linalg::dot(b, a) == serial);
            CHECK(std::sqrt(linalg::dot(a, a)) == foreach::norms(std::span(&a, 1))[0]);
        }
        CHECK(linalg::dot(tensor_of({1, -2, 3}, dtype), tensor_of({4, 5, 0.5}, dtype)) == -4.5);
        CHECK(std::isnan(linalg::dot(tensor_of({1, NAN}, dtype), tensor_of({0, 0}, dtype))));
    }
    CHECK(linalg::dot(tensor_of({3e30, 4e30}), tensor_of({1e30, 1e30})) == doctest::Approx(7e60));
}

TEST_CASE("dot refuses what is no pair of vectors") {
    const auto refused = [](const Tensor& a, const Tensor& b) { return message_of<std::invalid_argument>([&] { linalg::dot(a, b); }); };
    const Tensor three = tensor_of({1, 2, 3});
    CHECK(refused(three, tensor_of({1, 2})) == "dot: b must have 3 elements like a, got 2");
    CHECK(refused(three, tensor_of({1, 2, 3}, DType::f64)) == "dot: b must be float32 like a, got float64");
    CHECK(refused(three, zeros({3, 1}, DType::f32)) == "dot: b must be a vector, got shape (3, 1)");
    CHECK(refused(tensor_of({1}, DType::bf16), tensor_of({1}, DType::bf16)) == "dot: a must be float64 or float32, got bfloat16");
    CHECK(refused(Tensor(), three) == "dot: a must be a tensor, got an undefined one");
    std::vector<float> memory(6);
    CHECK(refused(borrow(memory.data(), {3}, {.strides = {2}}), three) == "dot: a must be contiguous, got strides (2,)");
}

}  // namespace ravine::testing
