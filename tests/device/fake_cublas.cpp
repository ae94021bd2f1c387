// A library with the functions of cuBLAS that are used, over host memory: what its reference manual says about columns,
// leading dimensions and types, so that a test sees what is asked of the real one.
#include "cublas.h"

#include <ravine/kernels/half.h>

#include <algorithm>

using namespace ravine;

struct Handle {
    int math_mode = 0;
    CUstream_st* stream = nullptr;
};

namespace {

constexpr int invalid_value = 7;

int failure = 0;
Handle last;  // as it was in the last product

struct Operand {
    const void* data;
    int op, ld;
    long long stride;
};

/// c = alpha * op(a) @ op(b) + beta * c, every matrix column after column.
template <class T> int multiply(int m, int n, int k, const void* alpha, Operand a, Operand b, const void* beta, void* c, int ldc, long long stride_c, int count) {
    using Traits = kernels::storage_traits<T>;
    using Compute = typename Traits::compute;
    if (a.ld < std::max(1, a.op == cublas::op_n ? m : k) || b.ld < std::max(1, b.op == cublas::op_n ? k : n) || ldc < std::max(1, m)) return invalid_value;
    const Compute scale = *static_cast<const Compute*>(alpha), keep = *static_cast<const Compute*>(beta);
    const auto at = [](const Operand& x, int matrix, int row, int column) {
        if (x.op == cublas::op_t) std::swap(row, column);
        return Traits::widen(static_cast<const T*>(x.data)[matrix * x.stride + static_cast<long long>(column) * x.ld + row]);
    };
    for (int matrix = 0; matrix < count; ++matrix) {
        for (int column = 0; column < n; ++column) {
            for (int row = 0; row < m; ++row) {
                Compute sum = 0;
                for (int i = 0; i < k; ++i) sum += at(a, matrix, row, i) * at(b, matrix, i, column);
                T& element = static_cast<T*>(c)[matrix * stride_c + static_cast<long long>(column) * ldc + row];
                element = Traits::narrow(keep == 0 ? scale * sum : scale * sum + keep * Traits::widen(element));
            }
        }
    }
    return 0;
}

}  // namespace

extern "C" {

void fake_cublas_fail(int status) { failure = status; }
CUstream_st* fake_cublas_stream() { return last.stream; }

int cublasCreate_v2(Handle** handle) {
    static Handle one;
    *handle = &one;
    return failure;
}
int cublasSetStream_v2(Handle* handle, CUstream_st* stream) {
    handle->stream = stream;
    return 0;
}
int cublasSetMathMode(Handle* handle, int mode) {
    handle->math_mode = mode;
    return 0;
}

int cublasGemmStridedBatchedEx(Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a, int type_a, int lda,
                               long long stride_a, const void* b, int type_b, int ldb, long long stride_b, const void* beta, void* c, int type_c,
                               int ldc, long long stride_c, int count, int compute, int algorithm) {
    if (failure != 0) return failure;
    last = *handle;
    const bool alike = type_a == type_b && type_a == type_c && compute == (type_a == cublas::type_f64 ? cublas::compute_f64 : cublas::compute_f32);
    if (!alike || algorithm != cublas::default_algorithm || handle->math_mode != cublas::full_precision) return invalid_value;
    const Operand left{a, op_a, lda, stride_a}, right{b, op_b, ldb, stride_b};
    switch (type_a) {
    case cublas::type_f64: return multiply<double>(m, n, k, alpha, left, right, beta, c, ldc, stride_c, count);
    case cublas::type_f32: return multiply<float>(m, n, k, alpha, left, right, beta, c, ldc, stride_c, count);
    case cublas::type_bf16: return multiply<bf16>(m, n, k, alpha, left, right, beta, c, ldc, stride_c, count);
    case cublas::type_f16: return multiply<f16>(m, n, k, alpha, left, right, beta, c, ldc, stride_c, count);
    default: return invalid_value;
    }
}
int cublasGemmEx(Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a, int type_a, int lda, const void* b,
                 int type_b, int ldb, const void* beta, void* c, int type_c, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, 0, b, type_b, ldb, 0, beta, c, type_c, ldc, 0, 1, compute, algorithm);
}

}  // extern "C"
