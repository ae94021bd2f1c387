#pragma once
// What a kernel is given: rows of raw pointers and counts, and the scalars of one update.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

/// A run of consecutive elements of one parameter and of everything that moves with it: one cache line. The same row
/// serves every implementation and device.
struct alignas(64) Chunk {
    void* slot[max_slots];  ///< first element of each slot, in the order of the rule; null where a slot is absent
    long long count;        ///< elements
    unsigned entry;         ///< which StepArguments of the plan
    unsigned row;           ///< which tensor of the plan
};
static_assert(sizeof(Chunk) == 64);

struct StepArguments;

/// Applies one update to `chunks` rows. Touches nothing but the slots and never throws.
using Kernel = void(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) noexcept;

/// The primitive passes of one dtype and instruction set, indexed by `Pass` (list.h).
struct PassTable {
    Kernel* const* kernels;
    int item_size;  ///< bytes per element
};

/// The scalars of one update. `terms` are doubles in the order of the rule's Terms; a kernel rounds each once to the
/// type that it computes with.
struct StepArguments {
    double terms[max_terms];
    alignas(16) unsigned char switches[16];
    double grad_scale;              ///< only read when Common::unscale is set
    const PassTable* passes;        ///< only read by list kernels
};

}  // namespace ravine::inline v0::kernels
