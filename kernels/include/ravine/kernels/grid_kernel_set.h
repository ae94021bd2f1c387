#pragma once
// The kernels of a family of rules for a device, by storage type. The definitions are in instantiate_grid.h, which one
// object per family and storage type includes, or in instantiate_no_grid.h.

#include <ravine/kernels/grid.h>
#include <ravine/kernels/kernel_set.h>

namespace ravine::inline v0::kernels {

template <class Family, class Storage> struct grid_kernel_set;

/// Kernels in the order of the family's rules; null where the library has none for a device.
template <class... Rules, class Storage> struct grid_kernel_set<family<Rules...>, Storage> {
    static GridKernel* const fused[sizeof...(Rules)];
    static GridKernel* const stepwise[sizeof...(Rules)];
};

/// All kernels of a family for devices: [storage type], each an array over the family's rules, or null.
struct FamilyGridKernels {
    GridKernel* const* fused[storage_count];
    GridKernel* const* stepwise[storage_count];
    ScalarsKernel* scalars;  ///< null for operations that are no updates
};

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class Family> ScalarsKernel* scalars_kernel_of() {
    if constexpr (requires { typename first_rule<Family>::Hyper; }) return scalars_kernel<Family>::start;
    else return nullptr;
}
template <class Family> FamilyGridKernels family_grid_kernels() {
    if constexpr (has_grid_kernels<Family>) {
        return {{grid_kernel_set<Family, double>::fused, grid_kernel_set<Family, float>::fused,
                 grid_kernel_set<Family, bf16>::fused, grid_kernel_set<Family, f16>::fused},
                {grid_kernel_set<Family, double>::stepwise, grid_kernel_set<Family, float>::stepwise,
                 grid_kernel_set<Family, bf16>::stepwise, grid_kernel_set<Family, f16>::stepwise},
                scalars_kernel_of<Family>()};
    } else {
        return {};
    }
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace ravine::inline v0::kernels
