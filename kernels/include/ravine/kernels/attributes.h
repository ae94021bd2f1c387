#pragma once
// Compiler attributes of the arithmetic floor. No standard header is included here or in any header that a
// device compiler reads (number.h, scalar.h, half.h, rule.h, rules/*).

#if defined(__CUDACC__)
#define RAVINE_HD __host__ __device__ __forceinline__
#else
#define RAVINE_HD inline __attribute__((always_inline))
#endif

// Code that is compiled once per instruction set must never become a symbol that two objects share: it is inlined
// even at -O0, and only entry points whose type names the instruction set are emitted.
#define RAVINE_INLINE inline __attribute__((always_inline))

/// RAVINE_ROLLED: loops over memory, whose copies would only cost a device registers.
#if defined(__CUDACC__)
#define RAVINE_ROLLED _Pragma("unroll 1")
#else
#define RAVINE_ROLLED
#endif

#if defined(__CUDACC__)
#define RAVINE_UNROLL _Pragma("unroll")
#elif defined(__clang__)
#define RAVINE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define RAVINE_UNROLL _Pragma("GCC unroll 16")
#endif
