// What is asked of cuBLAS, against a library that stands for it, and how a missing one is refused.
#include "cublas.h"
#include "simulated_product.h"

#include "../complaints.h"
#include "../tensors.h"

#include <doctest/doctest.h>

#include <cstring>

#include <dlfcn.h>

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
static_assert(ravine::cublas::op_n == static_cast<int>(CUBLAS_OP_N) && ravine::cublas::op_t == static_cast<int>(CUBLAS_OP_T));
static_assert(ravine::cublas::type_f32 == static_cast<int>(CUDA_R_32F) && ravine::cublas::type_f64 == static_cast<int>(CUDA_R_64F));
static_assert(ravine::cublas::type_f16 == static_cast<int>(CUDA_R_16F) && ravine::cublas::type_bf16 == static_cast<int>(CUDA_R_16BF));
static_assert(ravine::cublas::compute_f32 == static_cast<int>(CUBLAS_COMPUTE_32F) && ravine::cublas::compute_f64 == static_cast<int>(CUBLAS_COMPUTE_64F));
static_assert(ravine::cublas::default_algorithm == static_cast<int>(CUBLAS_GEMM_DEFAULT));
static_assert(ravine::cublas::full_precision == (static_cast<int>(CUBLAS_DEFAULT_MATH) | static_cast<int>(CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)));
#endif

namespace ravine::testing {
namespace {

constexpr const char* fake = RAVINE_FAKE_CUBLAS;

/// A function of the library in the place of cuBLAS.
template <class Function> Function* of_fake(const char* name) {
    return reinterpret_cast<Function*>(dlsym(dlopen(fake, RTLD_NOW), name));
}

Product product_of(DType dtype, std::int64_t count, bool ta, bool tb, const Tensor& a, const Tensor& b, const Tensor& out) {
    constexpr std::int64_t m = 4, n = 3, k = 5;
    return {.dtype = dtype, .count = count, .m = m, .n = n, .k = k, .lda = ta ? m : k, .ldb = tb ? k : n, .transpose_a = ta, .transpose_b = tb,
            .alpha = 0.75, .beta = -1.5, .a = a.data(), .b = b.data(), .out = out.mutable_data()};
}

std::string refusal_of(const char* file) {
    return message_of<std::runtime_error>([&] { const Cublas library(file); });
}

}  // namespace

TEST_CASE("cuBLAS is asked for the product of row-major matrices") {
    Cublas library(fake);
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        for (const std::int64_t count : {1, 3}) {
            for (const int variant : {0, 1, 2, 3}) {
                CAPTURE(std::string(name(dtype)));
                CAPTURE(count);
                CAPTURE(variant);
                const Tensor a = random_tensor({count * 20}, dtype, 1), b = random_tensor({count * 15}, dtype, 2);
                const Tensor expected = random_tensor({count * 12}, dtype, 3), out = expected.clone();
                simulated::multiply_on_host(product_of(dtype, count, variant % 2 == 1, variant >= 2, a, b, expected));
                library.multiply(product_of(dtype, count, variant % 2 == 1, variant >= 2, a, b, out), 0, nullptr);
                CHECK(std::memcmp(out.data(), expected.data(), out.nbytes()) == 0);
            }
        }
    }
}

TEST_CASE("cuBLAS is given the stream, and its failures are named") {
    Cublas library(fake);
    const Tensor a = zeros({20}, DType::f32), b = zeros({15}, DType::f32), out = zeros({12}, DType::f32);
    const Product product = product_of(DType::f32, 1, false, false, a, b, out);
    auto* const stream = reinterpret_cast<CUstream_st*>(&library);
    library.multiply(product, 0, stream);
    CHECK(of_fake<CUstream_st*()>("fake_cublas_stream")() == stream);
    const auto fail = of_fake<void(int)>("fake_cublas_fail");
    const auto complaint = [&](int device) { return message_of<std::runtime_error>([&] { library.multiply(product, device, nullptr); }); };
    fail(13);
    CHECK(complaint(0) == "gemm: cublasGemmEx: CUBLAS_STATUS_EXECUTION_FAILED on cuda:0");
    fail(99);
    CHECK(complaint(1) == "gemm: cublasCreate_v2: status 99 on cuda:1");
    fail(0);
    CHECK(complaint(1).empty());
}

TEST_CASE("a cuBLAS that is not there is refused with where it was looked for") {
    CHECK(contains(refusal_of("/nonexistent/libcublas.so"), "gemm: cuBLAS must be the library that RAVINE_CUBLAS names, got '/nonexistent/libcublas.so' ("));
    CHECK(refusal_of("libm.so.6") == "gemm: cuBLAS must have the function cublasCreate_v2, got libm.so.6, which has not");
    for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
        const std::string text = refusal_of(unset);
        if (text.empty()) continue;  // this machine has one
        CHECK(contains(text, "gemm: cuBLAS must be installed where the loader finds it"));
        for (const char* name : {"libcublas.so.13", "libcublas.so.12", "/usr/local/cuda/lib64/libcublas.so"}) CHECK(contains(text, name));
    }
}

}  // namespace ravine::testing
