#pragma once
// Compiles the copies for devices.

#include <ravine/kernels/grid_copy.h>

namespace ravine::inline v0::kernels {

inline unsigned copy_blocks(const StridedCopy& copy) {
    return static_cast<unsigned>((copy.count + block_threads - 1) / block_threads);
}

#if defined(__CUDACC__)
template <class From, class To> __global__ void __launch_bounds__(block_threads) copy_kernel(const __grid_constant__ StridedCopy copy) {
    run_copy<From, To>(copy, blockIdx.x, static_cast<int>(threadIdx.x));
}
template <class From, class To> int start_copy(const StridedCopy& copy, CUstream_st* stream) noexcept {
    copy_kernel<From, To><<<copy_blocks(copy), block_threads, 0, stream>>>(copy);
    return static_cast<int>(cudaGetLastError());
}
#else
/// Defined by whoever walks grids on the host.
template <class From, class To> int start_copy(const StridedCopy& copy, CUstream_st* stream) noexcept;
#endif

template <int bytes> int start_move(const StridedCopy& copy, CUstream_st* stream) noexcept {
    return start_copy<typename Opaque<bytes>::Item, typename Opaque<bytes>::Item>(copy, stream);
}

#define RAVINE_CONVERSIONS(From)                                                                                       \
    {&start_copy<From, double>, &start_copy<From, float>, &start_copy<From, bf16>, &start_copy<From, f16>}
#define RAVINE_INSTANTIATE_COPIES                                                                                      \
    const ravine::kernels::GridCopies ravine::kernels::grid_copies = {                                                 \
        {&start_move<1>, &start_move<2>, &start_move<4>, &start_move<8>, &start_move<16>},                             \
        {RAVINE_CONVERSIONS(double), RAVINE_CONVERSIONS(float), RAVINE_CONVERSIONS(bf16), RAVINE_CONVERSIONS(f16)}};

}  // namespace ravine::inline v0::kernels
