#include "product.h"

namespace ravine::inline v0::linalg {

/// Row by row, in the order of k: correct anywhere, for builds without a BLAS.
template <class T>
void multiply(const Product& sizes, T alpha, const T* a, const T* b, T beta, T* out) {
    const auto at_a = [&](std::int64_t i, std::int64_t p) { return sizes.transpose_a ? a[p * sizes.lda + i] : a[i * sizes.lda + p]; };
    const auto at_b = [&](std::int64_t p, std::int64_t j) { return sizes.transpose_b ? b[j * sizes.ldb + p] : b[p * sizes.ldb + j]; };
    for (std::int64_t i = 0; i < sizes.m; ++i) {
        T* row = out + i * sizes.n;
        for (std::int64_t j = 0; j < sizes.n; ++j) row[j] = beta == 0 ? T(0) : beta * row[j];
        for (std::int64_t p = 0; p < sizes.k; ++p) {
            const T factor = alpha * at_a(i, p);
            for (std::int64_t j = 0; j < sizes.n; ++j) row[j] += factor * at_b(p, j);
        }
    }
}
template void multiply<float>(const Product&, float, const float*, const float*, float, float*);
template void multiply<double>(const Product&, double, const double*, const double*, double, double*);

std::string_view backend() noexcept { return "built-in"; }

void use_one_blas_thread() noexcept {}

}  // namespace ravine::inline v0::linalg
