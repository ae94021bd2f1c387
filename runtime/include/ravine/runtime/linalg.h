#pragma once
#include <ravine/runtime/tensor.h>

#include <string_view>

namespace ravine::inline v0::linalg {

/// Whether an operand of a product is taken as it is or transposed.
enum class Transpose { no, yes };

/// out = alpha * op(a) @ op(b) + beta * out, for row-major matrices of one dtype: f32 and f64 directly, bf16 and f16
/// widened to f32 and rounded once. `out` must not overlap the operands. With beta = 0 `out` is not read.
/// std::invalid_argument for shapes that do not fit, other dtypes, or tensors that are not contiguous.
/// The bits depend on the BLAS library and its CPU, not on the number of threads of ravine.
RAVINE_API void gemm(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b,
                     double alpha = 1, double beta = 0);

/// What computes the products: "openblas", "cblas" or "built-in" (a plain loop, when built without a BLAS).
RAVINE_API std::string_view backend() noexcept;

/// Tells a threaded BLAS to stay on the calling thread. For programs: it is a setting of the whole process.
RAVINE_API void use_one_blas_thread() noexcept;

}  // namespace ravine::inline v0::linalg
