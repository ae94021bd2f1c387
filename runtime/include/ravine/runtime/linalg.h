#pragma once
#include <ravine/runtime/tensor.h>

#include <string_view>

namespace ravine::inline v0::linalg {

/// Whether an operand of a product is taken as it is or transposed.
enum class Transpose { no, yes };

/// out = alpha * op(a) @ op(b) + beta * out, for row-major matrices of one dtype and device: three matrices, or three
/// batches of as many matrices each, of shape (batch, rows, columns). `out` must not overlap the operands. With beta = 0
/// `out` is not read. float64 and float32 compute in their own precision (never TF32), bfloat16 and float16 in float32, and
/// round once.
///
/// On the CPU the bits depend on the BLAS library and its CPU, not on the number of threads of ravine. On a device cuBLAS
/// computes, in the order of the context's stream. It is opened when a device's first product is asked for: the file that the
/// environment variable RAVINE_CUBLAS names, else libcublas where the loader or /usr/local/cuda has it. The same call gives
/// the same bits on the same kind of device with the same cuBLAS, as long as products go to one stream at a time; with several
/// at once only where the environment variable CUBLAS_WORKSPACE_CONFIG=:4096:8 is set.
///
/// std::invalid_argument for shapes that do not fit, other dtypes, tensors of several devices, or ones that are not
/// contiguous. std::runtime_error, before anything is written, if there is no cuBLAS; or with its status if it fails.
RAVINE_API void gemm(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b,
                     double alpha = 1, double beta = 0, const Context& context = {});

/// The sum of the products of two vectors' elements, before any rounding to their dtype.
///
/// On the CPU products and sums are made in double, in the tree of `foreach::norm`: the bits depend on the length alone. On a
/// device it is a product of matrices there, in the vectors' precision, for which the host waits.
///
/// std::invalid_argument unless both are contiguous vectors of one length, of one dtype, float64 or float32, on one device.
RAVINE_API double dot(const Tensor& a, const Tensor& b, const Context& context = {});

/// What computes the products on the CPU: "openblas", "cblas" or "built-in" (a plain loop, when built without a BLAS).
RAVINE_API std::string_view backend() noexcept;

/// Tells a threaded BLAS to stay on the calling thread. For programs: it is a setting of the whole process.
RAVINE_API void use_one_blas_thread() noexcept;

}  // namespace ravine::inline v0::linalg
