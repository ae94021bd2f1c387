#pragma once
#include <ravine/runtime/linalg.h>

#include <cstdint>

namespace ravine::inline v0::linalg {

/// A product's sizes after transposition: out is m x n, the sum has k terms. `lda`, `ldb` are the row lengths in memory.
struct Sizes {
    std::int64_t m, n, k, lda, ldb;
};

/// The sizes of a product. std::invalid_argument as `gemm` says.
Sizes check_product(const Tensor& out, const Tensor& a, Transpose transpose_a, const Tensor& b, Transpose transpose_b);

/// The product of matrices of float or double.
template <class T>
void multiply(const Sizes& sizes, bool transpose_a, bool transpose_b, T alpha, const T* a, const T* b, T beta, T* out);
extern template void multiply<float>(const Sizes&, bool, bool, float, const float*, const float*, float, float*);
extern template void multiply<double>(const Sizes&, bool, bool, double, const double*, const double*, double, double*);

}  // namespace ravine::inline v0::linalg
