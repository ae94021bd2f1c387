#pragma once
#include <ravine/runtime/linalg.h>

#include <cstdint>

namespace ravine::inline v0 {

/// Products of row-major matrices without gaps, checked: out = alpha * op(a) @ op(b) + beta * out, `count` times. The
/// matrices of each operand lie one after the other.
struct Product {
    DType dtype;
    std::int64_t count;
    std::int64_t m, n, k;   ///< out is m x n, the sum has k terms; all below 2^31, as is `count`
    std::int64_t lda, ldb;  ///< the lengths of rows in memory
    bool transpose_a, transpose_b;
    double alpha, beta;
    const void *a, *b;
    void* out;
};

namespace linalg {

/// One product of matrices of float or double on the CPU.
template <class T>
void multiply(const Product& sizes, T alpha, const T* a, const T* b, T beta, T* out);
extern template void multiply<float>(const Product&, float, const float*, const float*, float, float*);
extern template void multiply<double>(const Product&, double, const double*, const double*, double, double*);

}  // namespace linalg
}  // namespace ravine::inline v0
