#include "linalg_checks.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::linalg {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw std::invalid_argument("gemm: " + message); }

void check_matrix(std::string_view name, const Tensor& tensor, DType dtype) {
    if (!tensor.defined()) invalid(fmt::format("{} must be a tensor, got an undefined one", name));
    if (tensor.dim() != 2) invalid(fmt::format("{} must be a matrix, got shape {}", name, tensor.shape().to_string()));
    if (!is_floating_point(tensor.dtype())) invalid(fmt::format("{} must be floating-point, got {}", name, ravine::name(tensor.dtype())));
    if (tensor.dtype() != dtype) invalid(fmt::format("{} must be {} like out, got {}", name, ravine::name(dtype), ravine::name(tensor.dtype())));
    if (!tensor.is_contiguous()) invalid(fmt::format("{} must be contiguous, got strides {}", name, tensor.strides().to_string()));
}

template <class T>
void multiply_tensors(const Sizes& sizes, const Tensor& out, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b,
                      double alpha, double beta) {
    multiply<T>(sizes, transpose_a, transpose_b, static_cast<T>(alpha), static_cast<const T*>(a.data()), static_cast<const T*>(b.data()),
                static_cast<T>(beta), static_cast<T*>(out.mutable_data()));
}

}  // namespace

Sizes check_product(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b) {
    check_matrix("out", out, out.dtype());
    check_matrix("a", a, out.dtype());
    check_matrix("b", b, out.dtype());
    (void)out.mutable_data();
    const bool ta = transpose_a == Transpose::yes, tb = transpose_b == Transpose::yes;
    const Sizes sizes{a.shape()[ta ? 1 : 0], b.shape()[tb ? 0 : 1], a.shape()[ta ? 0 : 1], a.shape()[1], b.shape()[1]};
    const bool fits = b.shape()[tb ? 1 : 0] == sizes.k && out.shape()[0] == sizes.m && out.shape()[1] == sizes.n;
    if (!fits) {
        invalid(fmt::format("shapes must fit, got out {}, a {}{}, b {}{}", out.shape().to_string(), a.shape().to_string(),
                            ta ? " transposed" : "", b.shape().to_string(), tb ? " transposed" : ""));
    }
    constexpr std::int64_t largest = 0x7fffffff;
    for (const std::int64_t size : {sizes.m, sizes.n, sizes.k}) {
        if (size > largest) invalid(fmt::format("sizes must be below 2^31, got {}", size));
    }
    return sizes;
}

void gemm(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b, double alpha, double beta) {
    const Sizes sizes = check_product(out, a, transpose_a, b, transpose_b);
    const bool ta = transpose_a == Transpose::yes, tb = transpose_b == Transpose::yes;
    if (sizes.m == 0 || sizes.n == 0) return;
    switch (out.dtype()) {
    case DType::f64: return multiply_tensors<double>(sizes, out, a, ta, b, tb, alpha, beta);
    case DType::f32: return multiply_tensors<float>(sizes, out, a, ta, b, tb, alpha, beta);
    default: break;
    }
    const Tensor wide = beta == 0 ? empty(out.shape(), DType::f32) : out.to(DType::f32);
    multiply_tensors<float>(sizes, wide, a.to(DType::f32), ta, b.to(DType::f32), tb, alpha, beta);
    out.copy_(wide.to(out.dtype()));
}

}  // namespace ravine::inline v0::linalg
