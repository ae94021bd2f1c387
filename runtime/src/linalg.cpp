#include <ravine/runtime/foreach.h>

#include "driver.h"
#include "invalid.h"
#include "product.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::linalg {
namespace {

constexpr std::string_view gemm_name = "gemm";

void check_operand(std::string_view name, const Tensor& tensor, const Tensor& out) {
    if (!tensor.defined()) invalid(gemm_name, fmt::format("{} must be a tensor", name), "an undefined one");
    if (tensor.dim() != 2 && tensor.dim() != 3) invalid(gemm_name, fmt::format("{} must be a matrix or a batch of matrices", name), "shape " + tensor.shape().to_string());
    if (!is_floating_point(tensor.dtype())) invalid(gemm_name, fmt::format("{} must be floating-point", name), ravine::name(tensor.dtype()));
    if (tensor.dtype() != out.dtype()) invalid(gemm_name, fmt::format("{} must be {} like out", name, ravine::name(out.dtype())), ravine::name(tensor.dtype()));
    if (tensor.device() != out.device()) invalid(gemm_name, fmt::format("{} must be on {} like out", name, ravine::name(out.device())), ravine::name(tensor.device()));
    if (!tensor.is_contiguous()) invalid(gemm_name, fmt::format("{} must be contiguous", name), "strides " + tensor.strides().to_string());
}

std::int64_t matrices_of(const Tensor& tensor) { return tensor.dim() == 3 ? tensor.shape()[0] : 1; }
std::int64_t rows_of(const Tensor& tensor) { return tensor.shape()[tensor.dim() - 2]; }
std::int64_t columns_of(const Tensor& tensor) { return tensor.shape()[tensor.dim() - 1]; }

Product check_product(const Tensor& out, const Tensor& a, bool ta, const Tensor& b, bool tb, double alpha, double beta) {
    check_operand("out", out, out);
    check_operand("a", a, out);
    check_operand("b", b, out);
    const Product product{.dtype = out.dtype(), .count = matrices_of(out),
                          .m = ta ? columns_of(a) : rows_of(a), .n = tb ? rows_of(b) : columns_of(b), .k = ta ? rows_of(a) : columns_of(a),
                          .lda = columns_of(a), .ldb = columns_of(b), .transpose_a = ta, .transpose_b = tb,
                          .alpha = alpha, .beta = beta, .a = a.data(), .b = b.data(), .out = out.mutable_data()};
    const bool fits = (tb ? columns_of(b) : rows_of(b)) == product.k && rows_of(out) == product.m && columns_of(out) == product.n;
    const bool same_batch = a.dim() == out.dim() && b.dim() == out.dim() && matrices_of(a) == product.count && matrices_of(b) == product.count;
    if (!fits || !same_batch) {
        invalid(gemm_name, "shapes must fit", fmt::format("out {}, a {}{}, b {}{}", out.shape().to_string(), a.shape().to_string(),
                                                          ta ? " transposed" : "", b.shape().to_string(), tb ? " transposed" : ""));
    }
    constexpr std::int64_t largest = 0x7fffffff;
    for (const std::int64_t size : {product.count, product.m, product.n, product.k}) {
        if (size > largest) invalid(gemm_name, "sizes must be below 2^31", fmt::format("{}", size));
    }
    return product;
}

template <class T> void multiply_all(const Product& product, const Tensor& out, const Tensor& a, const Tensor& b) {
    const auto* from_a = static_cast<const T*>(a.data());
    const auto* from_b = static_cast<const T*>(b.data());
    auto* to = static_cast<T*>(out.mutable_data());
    for (std::int64_t i = 0; i < product.count; ++i) {
        multiply<T>(product, static_cast<T>(product.alpha), from_a + i * product.m * product.k, from_b + i * product.k * product.n,
                    static_cast<T>(product.beta), to + i * product.m * product.n);
    }
}

void multiply_on_device(const Product& product, const Tensor& out, const Context& context) {
    if (product.k > 0) return driver().multiply(product, out.device().index, context.stream);
    if (product.beta == 0) out.zero_(context);
    else foreach::mul_(std::span(&out, 1), product.beta, context);
}

}  // namespace

void gemm(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b, double alpha, double beta,
          const Context& context) {
    const Product product = check_product(out, a, transpose_a == Transpose::yes, b, transpose_b == Transpose::yes, alpha, beta);
    if (out.numel() == 0) return;
    if (out.device().type != DeviceType::cpu) return multiply_on_device(product, out, context);
    switch (product.dtype) {
    case DType::f64: return multiply_all<double>(product, out, a, b);
    case DType::f32: return multiply_all<float>(product, out, a, b);
    default: break;
    }
    const Tensor wide = beta == 0 ? empty(out.shape(), DType::f32, context) : out.to(DType::f32, context);
    const Tensor wide_a = a.to(DType::f32, context), wide_b = b.is_same_view(a) ? wide_a : b.to(DType::f32, context);
    multiply_all<float>(product, wide, wide_a, wide_b);
    out.copy_(wide.to(out.dtype(), context), context);
}

}  // namespace ravine::inline v0::linalg
