#pragma once
// The instruction sets for which kernels are compiled. `baseline` is scalar code for any CPU and the reference: the
// others give the same bits.

namespace ravine::inline v0 {

/// An instruction set, in ascending order of preference.
enum class Isa { scalar, avx2, avx512 };

namespace kernels {
/// Tags: part of the name of every function that is compiled for an instruction set.
struct baseline;
struct avx2;
struct avx512;
}  // namespace kernels
}  // namespace ravine::inline v0
