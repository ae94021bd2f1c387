#pragma once
// The compiled kernels of a family of rules, by instruction set and storage type. The definitions are in
// instantiate.h, which one object per instruction set and storage type includes.

#include <ravine/kernels/chunk.h>
#include <ravine/kernels/half.h>
#include <ravine/kernels/isa.h>

namespace ravine::inline v0::kernels {

template <class Family, class Arch, class Storage> struct kernel_set;

/// Kernels in the order of the family's rules.
template <class... Rules, class Arch, class Storage> struct kernel_set<family<Rules...>, Arch, Storage> {
    /// The whole update in float or double, rounded once per stored element.
    static Kernel* const fused[sizeof...(Rules)];
    /// Every operation rounded to the storage type, like torch's for-loop; the same as `fused` for f32 and f64.
    static Kernel* const stepwise[sizeof...(Rules)];
};

/// Storage types in the order of the tables below.
enum Storage : int { storage_f64, storage_f32, storage_bf16, storage_f16, storage_count };

/// All kernels of a family: [instruction set][storage type], each an array over the family's rules.
struct FamilyKernels {
    Kernel* const* fused[3][storage_count];
    Kernel* const* stepwise[3][storage_count];
};

// clang asks for definitions here, but they are only in those objects.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class Family> FamilyKernels family_kernels() {
#define RAVINE_ROW(member, Arch)                                                                                       \
    {kernel_set<Family, Arch, double>::member, kernel_set<Family, Arch, float>::member,                                \
     kernel_set<Family, Arch, bf16>::member, kernel_set<Family, Arch, f16>::member}
#if defined(__x86_64__)
#define RAVINE_ROWS(member) {RAVINE_ROW(member, baseline), RAVINE_ROW(member, avx2), RAVINE_ROW(member, avx512)}
#else
#define RAVINE_ROWS(member) {RAVINE_ROW(member, baseline), {}, {}}
#endif
    return {RAVINE_ROWS(fused), RAVINE_ROWS(stepwise)};
#undef RAVINE_ROWS
#undef RAVINE_ROW
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace ravine::inline v0::kernels
