#pragma once
// A step without arithmetic, compiled once per instruction set (see meson.build).

#include <ravine/kernels/isa.h>
#include <ravine/kernels/rule.h>

namespace ravine::tools {

/// A stretch of one tensor and of everything that moves with it, in bytes: an even number of them.
struct WalkPiece {
    unsigned char* slot[kernels::max_slots];
    long long bytes;
};

/// Reads every slot and writes back what was read, but for the gradient.
using Walk = void(const WalkPiece* pieces, unsigned long long count) noexcept;

/// One register at a time or two, with prefetching or without.
inline constexpr int walk_variants = 4;

/// The walks over 2, 3, ... slots.
template <class Arch> struct walks {
    static Walk* const table[kernels::max_slots - 1][walk_variants];
};
template <> Walk* const walks<kernels::baseline>::table[kernels::max_slots - 1][walk_variants];
template <> Walk* const walks<kernels::avx2>::table[kernels::max_slots - 1][walk_variants];

}  // namespace ravine::tools
