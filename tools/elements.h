#pragma once
#include <ravine/runtime/dtype.h>

namespace ravine::tools {

/// Calls `each` with a value of the dtype's C++ type.
template <class F> auto with_type(DType dtype, F each) {
    switch (dtype) {
        case DType::f64: return each(double());
        case DType::bf16: return each(bf16());
        case DType::f16: return each(f16());
        default: return each(float());
    }
}

template <class T> double to_double(T value) { return static_cast<double>(kernels::storage_traits<T>::widen(value)); }

template <class T> T from_double(double value) {
    using Traits = kernels::storage_traits<T>;
    return Traits::narrow(static_cast<typename Traits::compute>(value));
}

}  // namespace ravine::tools
