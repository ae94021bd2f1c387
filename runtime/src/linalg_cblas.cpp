#include "product.h"

#include <cblas.h>

#include <algorithm>

namespace ravine::inline v0::linalg {

template <class T>
void multiply(const Product& sizes, T alpha, const T* a, const T* b, T beta, T* out) {
    const auto ta = sizes.transpose_a ? CblasTrans : CblasNoTrans, tb = sizes.transpose_b ? CblasTrans : CblasNoTrans;
    const auto m = static_cast<int>(sizes.m), n = static_cast<int>(sizes.n), k = static_cast<int>(sizes.k);
    const auto lda = static_cast<int>(std::max<std::int64_t>(sizes.lda, 1)), ldb = static_cast<int>(std::max<std::int64_t>(sizes.ldb, 1));
    if constexpr (sizeof(T) == sizeof(float)) cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, out, n);
    else cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, out, n);
}
template void multiply<float>(const Product&, float, const float*, const float*, float, float*);
template void multiply<double>(const Product&, double, const double*, const double*, double, double*);

#if defined(OPENBLAS_VERSION)
std::string_view backend() noexcept { return "openblas"; }

void use_one_blas_thread() noexcept { openblas_set_num_threads(1); }
#else
std::string_view backend() noexcept { return "cblas"; }

void use_one_blas_thread() noexcept {}
#endif

}  // namespace ravine::inline v0::linalg
