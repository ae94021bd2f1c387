#pragma once
// How a thread of a grid reads and writes neighbours: 16 bytes at a time.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

#if defined(__CUDA_ARCH__)
/// Addresses that were read from a table are generic to the compiler: it is told where they point.
#define RAVINE_ASSUME_GLOBAL(pointer) __builtin_assume(__isGlobal(pointer))
#else
#define RAVINE_ASSUME_GLOBAL(pointer) (void)(pointer)
#endif

struct alignas(16) Vector {
    unsigned words[4];
};
template <class T, int n> inline constexpr int vectors_of = static_cast<int>(n * sizeof(T) / sizeof(Vector));

/// Bytes past a multiple of 16.
RAVINE_HD unsigned misalignment(const void* at) {
    return static_cast<unsigned>(reinterpret_cast<unsigned long long>(at) & (sizeof(Vector) - 1));
}

/// As many elements as are whole vectors, from a multiple of 16.
template <class T, int n> RAVINE_HD Array<T, n> load_items(const T* from) {
    Array<Vector, vectors_of<T, n>> vectors;
    RAVINE_UNROLL
    for (int v = 0; v < vectors_of<T, n>; ++v) vectors.value[v] = reinterpret_cast<const Vector*>(from)[v];
    return __builtin_bit_cast(Array<T, n>, vectors);
}

/// nvcc would make four stores of a vector.
RAVINE_HD void store_vector(void* to, const Vector& vector) {
#if defined(__CUDA_ARCH__)
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "r"(vector.words[0]),
                 "r"(vector.words[1]), "r"(vector.words[2]), "r"(vector.words[3])
                 : "memory");
#else
    *static_cast<Vector*>(to) = vector;
#endif
}

template <class T, int n> RAVINE_HD void store_items(T* to, const Array<T, n>& items) {
    const auto vectors = __builtin_bit_cast(Array<Vector, vectors_of<T, n>>, items);
    RAVINE_UNROLL
    for (int v = 0; v < vectors_of<T, n>; ++v) store_vector(reinterpret_cast<Vector*>(to) + v, vectors.value[v]);
}

}  // namespace ravine::inline v0::kernels
