#pragma once
// Compiles families of rules for one instruction set: that of the flags, or scalar code with RAVINE_BASELINE. With
// RAVINE_ABSENT=avx2 there are only empty tables of that name, for a library without those kernels.

#include <ravine/kernels/kernel_set.h>
#if !defined(RAVINE_ABSENT)
#include <ravine/kernels/loop.h>
#endif
#if !defined(RAVINE_BASELINE) && !defined(RAVINE_ABSENT)
#include <ravine/kernels/pack.h>
#endif

namespace ravine::inline v0::kernels {

#if defined(RAVINE_ABSENT)

using this_isa = RAVINE_ABSENT;
template <class... Rules, class Arch, class Storage> Kernel* const kernel_set<family<Rules...>, Arch, Storage>::fused[sizeof...(Rules)] = {};
template <class... Rules, class Arch, class Storage> Kernel* const kernel_set<family<Rules...>, Arch, Storage>::stepwise[sizeof...(Rules)] = {};

#else

#if defined(RAVINE_BASELINE)
using this_isa = baseline;
template <class T> using this_backend = scalar<T>;
#elif defined(__AVX512F__)
using this_isa = avx512;
template <class T> using this_backend = pack<T, avx512>;
#else
using this_isa = avx2;
template <class T> using this_backend = pack<T, avx2>;
#endif

template <class Rule, class Arch, class Storage> struct entry_points {
    using backend = this_backend<compute_t<Storage>>;
    static void fused(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) noexcept {
        run_rule<Rule, number<backend>, Storage>(rows, chunks, arguments);
    }
    static void rounding(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) noexcept {
        run_rule<Rule, number<rounded<backend, Storage>>, Storage>(rows, chunks, arguments);
    }
    static constexpr Kernel* stepwise() {
        if constexpr (storage_traits<Storage>::is_half) return &rounding;
        else return &fused;
    }
    static constexpr Kernel* once_rounded() {
        if constexpr (updates_parameters<Rule>) return &fused;
        else return stepwise();
    }
};

template <class... Rules, class Arch, class Storage>
Kernel* const kernel_set<family<Rules...>, Arch, Storage>::fused[sizeof...(Rules)] = {
    entry_points<Rules, Arch, Storage>::once_rounded()...};
template <class... Rules, class Arch, class Storage>
Kernel* const kernel_set<family<Rules...>, Arch, Storage>::stepwise[sizeof...(Rules)] = {
    entry_points<Rules, Arch, Storage>::stepwise()...};

#endif

}  // namespace ravine::inline v0::kernels

/// Emits the kernels of one family for every storage type.
#define RAVINE_INSTANTIATE_ALL(Family)                                                                                 \
    RAVINE_INSTANTIATE(Family, double)                                                                                 \
    RAVINE_INSTANTIATE(Family, float)                                                                                  \
    RAVINE_INSTANTIATE(Family, ravine::bf16)                                                                           \
    RAVINE_INSTANTIATE(Family, ravine::f16)
/// Emits the kernels of one family for one storage type.
#define RAVINE_INSTANTIATE(Family, Storage)                                                                            \
    template struct ravine::kernels::kernel_set<Family, ravine::kernels::this_isa, Storage>;
