#pragma once
// Compiles the reductions for devices.

#include <ravine/kernels/grid_reduction.h>

namespace ravine::inline v0::kernels {

inline unsigned reduction_grid(const Reduction& reduction) {
    return static_cast<unsigned>((reduction_threads(reduction) + block_threads - 1) / block_threads);
}

#if defined(__CUDACC__)
template <class Kind> __global__ void __launch_bounds__(block_threads, 4) reduction_kernel(const __grid_constant__ Reduction reduction) {
    run_reduction<Kind>(reduction, blockIdx.x, static_cast<int>(threadIdx.x));
}
template <class Kind> int start_reduction(const Reduction& reduction, CUstream_st* stream) noexcept {
    reduction_kernel<Kind><<<reduction_grid(reduction), block_threads, 0, stream>>>(reduction);
    return static_cast<int>(cudaGetLastError());
}
#else
/// Defined by whoever walks grids on the host.
template <class Kind> int start_reduction(const Reduction& reduction, CUstream_st* stream) noexcept;
#endif

#define RAVINE_INSTANTIATE_REDUCTIONS                                                                                  \
    const ravine::kernels::GridReductions ravine::kernels::grid_reductions = {                                         \
        &ravine::kernels::start_reduction<ravine::kernels::Magnitudes>, &ravine::kernels::start_reduction<ravine::kernels::Squares>,          \
        &ravine::kernels::start_reduction<ravine::kernels::Largest>, &ravine::kernels::start_reduction<ravine::kernels::Sums>};

}  // namespace ravine::inline v0::kernels
