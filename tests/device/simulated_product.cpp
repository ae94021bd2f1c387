#include "simulated_product.h"

#include <ravine/kernels/half.h>

namespace simulated {
namespace {

using ravine::Product;

template <class T> void multiply(const Product& p) {
    using Traits = ravine::kernels::storage_traits<T>;
    using Compute = typename Traits::compute;
    const auto alpha = static_cast<Compute>(p.alpha), beta = static_cast<Compute>(p.beta);
    for (std::int64_t matrix = 0; matrix < p.count; ++matrix) {
        const T* a = static_cast<const T*>(p.a) + matrix * p.m * p.k;
        const T* b = static_cast<const T*>(p.b) + matrix * p.k * p.n;
        T* out = static_cast<T*>(p.out) + matrix * p.m * p.n;
        for (std::int64_t i = 0; i < p.m; ++i) {
            for (std::int64_t j = 0; j < p.n; ++j) {
                Compute sum = 0;
                for (std::int64_t q = 0; q < p.k; ++q) {
                    sum += Traits::widen(a[p.transpose_a ? q * p.lda + i : i * p.lda + q]) * Traits::widen(b[p.transpose_b ? j * p.ldb + q : q * p.ldb + j]);
                }
                T& element = out[i * p.n + j];
                element = Traits::narrow(p.beta == 0 ? alpha * sum : alpha * sum + beta * Traits::widen(element));
            }
        }
    }
}

}  // namespace

void multiply_on_host(const Product& product) {
    switch (product.dtype) {
    case ravine::DType::f64: return multiply<double>(product);
    case ravine::DType::bf16: return multiply<ravine::bf16>(product);
    case ravine::DType::f16: return multiply<ravine::f16>(product);
    default: return multiply<float>(product);
    }
}

}  // namespace simulated
