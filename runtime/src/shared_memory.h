#pragma once
#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ravine::inline v0 {

/// Memory that a file has once, whatever number of tensors see it.
struct MemoryBlock {
    DType dtype = DType::f32;
    std::uint64_t bytes = 0;
    const std::byte* data = nullptr;  ///< null: the elements of `tensor`, in row-major order
    Tensor tensor;                    ///< undefined where `data` says it
};

/// Where a tensor lies in a block.
struct BlockView {
    std::size_t block = 0;
    std::int64_t first = 0;  ///< element
    Shape strides;
};

struct SharedMemory {
    std::vector<MemoryBlock> blocks;  ///< in the order in which the tensors first need them
    std::vector<BlockView> views;     ///< one for each tensor
};

/// Finds which tensors see the same memory. Those whose memory overlaps share the block from the first byte to the last that
/// one of them sees; a tensor alone, or several that see the same elements in the same way, get a block without what lies between the elements.
/// std::invalid_argument, which says with `place(i)` which tensor is meant: overlapping ones of different dtypes, which no file can hold.
SharedMemory find_shared_memory(std::span<const Tensor> tensors, function_ref<std::string(std::size_t)> place);

}  // namespace ravine::inline v0
