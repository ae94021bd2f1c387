#pragma once
#include <ravine/runtime/tensor.h>

namespace ravine::inline v0 {

/// A block of owned memory, freed with its last view.
struct Storage {
    enum class Kind : unsigned char { pageable, pinned, device };
    Storage(std::size_t bytes, Device device, Kind kind, const Context& context);
    ~Storage();
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    void* data;
    std::size_t bytes;
    Device device;  ///< of the tensors: the CPU for pinned memory
    Kind kind;
    Allocator* allocator;
    CUstream_st* stream;
};

/// A view of part of a storage, from a byte offset.
Tensor slice_of(const std::shared_ptr<Storage>& storage, std::size_t offset, const Shape& shape, const Shape& strides,
                DType dtype);

}  // namespace ravine::inline v0
