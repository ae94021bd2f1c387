#pragma once
// Compiles for devices what makes the scalars of families of rules.

#include <ravine/kernels/step_scalars.h>

namespace ravine::inline v0::kernels {

#if defined(__CUDACC__)
template <class Rule> __global__ void scalars_kernel_of_rule(const __grid_constant__ ScalarsLaunch launch) { make_scalars<Rule>(launch); }
template <class Rule> int start_scalars(const ScalarsLaunch& launch, CUstream_st* stream) noexcept {
    scalars_kernel_of_rule<Rule><<<1, 1, 0, stream>>>(launch);
    return static_cast<int>(cudaGetLastError());
}
#else
/// Defined by whoever walks grids on the host.
template <class Rule> int start_scalars(const ScalarsLaunch& launch, CUstream_st* stream) noexcept;
#endif

}  // namespace ravine::inline v0::kernels

#define RAVINE_INSTANTIATE_SCALARS(Family)                                                                             \
    template <> ravine::kernels::ScalarsKernel* const ravine::kernels::scalars_kernel<Family>::start =                 \
        &ravine::kernels::start_scalars<ravine::kernels::first_rule<Family>>;
