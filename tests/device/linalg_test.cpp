// Products on a device: small integers, so that they are exact whatever the order of the sums.
#include "places.h"

#include <ravine/runtime/linalg.h>

namespace ravine::testing {

using linalg::Transpose;

namespace {

Transpose transpose(bool yes) { return yes ? Transpose::yes : Transpose::no; }

/// {batch, rows, columns}, without the batch where it is 0.
Shape shape_of(std::int64_t batch, bool transposed, std::int64_t rows, std::int64_t columns) {
    if (transposed) std::swap(rows, columns);
    return batch == 0 ? Shape(rows, columns) : Shape(batch, rows, columns);
}

}  // namespace

TEST_CASE("products on a device are the CPU's, for every dtype, transposed or not, alone or in batches") {
    constexpr std::int64_t m = 5, n = 3, k = 7;
    for (const DType dtype : every_type) {
        for (const int variant : {0, 1, 2, 3}) {
            for (const std::int64_t batch : {0, 1, 4}) {
                CAPTURE(std::string(name(dtype)));
                CAPTURE(variant);
                CAPTURE(batch);
                const bool ta = variant % 2 == 1, tb = variant >= 2;
                const Tensor a = integers(shape_of(batch, ta, m, k), dtype, 1), b = integers(shape_of(batch, tb, k, n), dtype, 2);
                for (const double beta : {0.0, 2.0}) {
                    const Tensor here = integers(shape_of(batch, false, m, n), dtype, 3), there = here.to(gpu);
                    linalg::gemm(here, a, transpose(ta), b, transpose(tb), 0.5, beta);
                    linalg::gemm(there, a.to(gpu), transpose(ta), b.to(gpu), transpose(tb), 0.5, beta);
                    CHECK(same_bits(there, here));
                }
            }
        }
    }
}

TEST_CASE("products of random float32 numbers on a device are near the CPU's: no TF32") {
    constexpr std::int64_t size = 96;
    const Tensor a = random_tensor({size, size}, DType::f32, 1), b = random_tensor({size, size}, DType::f32, 2);
    const Tensor here = empty({size, size}, DType::f32), there = empty({size, size}, DType::f32, gpu);
    linalg::gemm(here, a, Transpose::no, b, Transpose::no);
    linalg::gemm(there, a.to(gpu), Transpose::no, b.to(gpu), Transpose::no);
    const std::vector<double> one = numbers_of(here), other = numbers_of(there.to(Device{}));
    // TF32 keeps 11 bits: it would be off by some 1e-3.
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == doctest::Approx(other[i]).epsilon(1e-5));
}

TEST_CASE("a product on a device runs in the order of its stream") {
    const Stream stream(gpu);
    const Context on{.stream = stream.get()};
    const Tensor a = integers({4, 4}, DType::f32, 1), there = a.to(gpu, on), out = empty({4, 4}, DType::f32, gpu, on);
    linalg::gemm(out, there, Transpose::no, there, Transpose::no, 1, 0, on);
    linalg::gemm(there, out, Transpose::no, out, Transpose::no, 1, 0, on);
    const Tensor square = empty({4, 4}, DType::f32), fourth = empty({4, 4}, DType::f32);
    linalg::gemm(square, a, Transpose::no, a, Transpose::no);
    linalg::gemm(fourth, square, Transpose::no, square, Transpose::no);
    CHECK(same_bits(there.to(Device{}, on), fourth));
}

TEST_CASE("a product on a device without terms scales what was there, or makes it zero") {
    const Tensor a = empty({2, 0}, DType::f32, gpu), b = empty({0, 3}, DType::f32, gpu);
    const Tensor host = integers({2, 3}, DType::f32, 1), out = host.to(gpu);
    linalg::gemm(out, a, Transpose::no, b, Transpose::no, 1, 1);
    CHECK(same_bits(out, host));
    linalg::gemm(out, a, Transpose::no, b, Transpose::no);
    CHECK(same_bits(out, zeros({2, 3}, DType::f32)));
    linalg::gemm(a, a, Transpose::no, empty({0, 0}, DType::f32, gpu), Transpose::no);
}

TEST_CASE("a product of tensors that lie in several places is refused") {
    const Tensor here = zeros({2, 2}, DType::f32), there = zeros({2, 2}, DType::f32, gpu);
    const auto complaint = [](const Tensor& out, const Tensor& a, const Tensor& b) {
        return message_of<std::invalid_argument>([&] { linalg::gemm(out, a, Transpose::no, b, Transpose::no); });
    };
    CHECK(complaint(there, here, there) == "gemm: a must be on cuda:0 like out, got cpu");
    CHECK(complaint(there, there, here) == "gemm: b must be on cuda:0 like out, got cpu");
    CHECK(complaint(here, there, here) == "gemm: a must be on cpu like out, got cuda:0");
}

}  // namespace ravine::testing
