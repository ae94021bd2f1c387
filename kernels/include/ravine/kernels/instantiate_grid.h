#pragma once
// Compiles families of rules for devices, a kernel for each.

#include <ravine/kernels/grid_kernel_set.h>

namespace ravine::inline v0::kernels {

#if defined(__CUDACC__)
template <class Rule, class V, class Storage>
__global__ void __launch_bounds__(block_threads, 2) grid_kernel(const __grid_constant__ Launch launch) {
    run_grid<Rule, V, Storage>(launch, blockIdx.x, static_cast<int>(threadIdx.x));
}
template <class Rule, class V, class Storage>
int start(const Launch& launch, unsigned blocks, CUstream_st* stream) noexcept {
    grid_kernel<Rule, V, Storage><<<blocks, block_threads, 0, stream>>>(launch);
    return static_cast<int>(cudaGetLastError());
}
#else
/// Defined by whoever walks grids on the host.
template <class Rule, class V, class Storage>
int start(const Launch& launch, unsigned blocks, CUstream_st* stream) noexcept;
#endif

template <class Rule, class Storage> struct grid_entry_points {
    using backend = scalar<compute_t<Storage>>;
    static constexpr GridKernel* fused = &start<Rule, number<backend>, Storage>;
    static constexpr GridKernel* stepwise() {
        if constexpr (storage_traits<Storage>::is_half) return &start<Rule, number<rounded<backend, Storage>>, Storage>;
        else return fused;
    }
    static constexpr GridKernel* once_rounded() {
        if constexpr (updates_parameters<Rule>) return fused;
        else return stepwise();
    }
};

template <class... Rules, class Storage>
GridKernel* const grid_kernel_set<family<Rules...>, Storage>::fused[sizeof...(Rules)] = {
    grid_entry_points<Rules, Storage>::once_rounded()...};
template <class... Rules, class Storage>
GridKernel* const grid_kernel_set<family<Rules...>, Storage>::stepwise[sizeof...(Rules)] = {
    grid_entry_points<Rules, Storage>::stepwise()...};

}  // namespace ravine::inline v0::kernels

/// Emits the device kernels of one family for every storage type.
#define RAVINE_INSTANTIATE_GRID_ALL(Family)                                                                            \
    RAVINE_INSTANTIATE_GRID(Family, double)                                                                            \
    RAVINE_INSTANTIATE_GRID(Family, float)                                                                             \
    RAVINE_INSTANTIATE_GRID(Family, ravine::bf16)                                                                      \
    RAVINE_INSTANTIATE_GRID(Family, ravine::f16)
/// Emits the device kernels of one family for one storage type.
#define RAVINE_INSTANTIATE_GRID(Family, Storage)                                                                       \
    template struct ravine::kernels::grid_kernel_set<Family, Storage>;
