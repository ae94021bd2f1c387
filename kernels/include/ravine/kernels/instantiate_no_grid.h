#pragma once
// The tables of a library without kernels for devices.

#include <ravine/kernels/grid_kernel_set.h>

namespace ravine::inline v0::kernels {

template <class... Rules, class Storage> GridKernel* const grid_kernel_set<family<Rules...>, Storage>::fused[sizeof...(Rules)] = {};
template <class... Rules, class Storage> GridKernel* const grid_kernel_set<family<Rules...>, Storage>::stepwise[sizeof...(Rules)] = {};

}  // namespace ravine::inline v0::kernels

#define RAVINE_INSTANTIATE_NO_GRID(Family)                                                                             \
    template struct ravine::kernels::grid_kernel_set<Family, double>;                                                  \
    template struct ravine::kernels::grid_kernel_set<Family, float>;                                                   \
    template struct ravine::kernels::grid_kernel_set<Family, ravine::bf16>;                                            \
    template struct ravine::kernels::grid_kernel_set<Family, ravine::f16>;
