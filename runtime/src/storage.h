#pragma once
#include <ravine/runtime/tensor.h>

namespace ravine::inline v0 {

/// A block of owned memory, freed with its last view.
struct Storage {
    Storage(std::size_t bytes, Device device, Allocator* allocator);
    ~Storage();
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    void* data;
    std::size_t bytes;
    Device device;
    Allocator* allocator;
};

/// A view of part of a storage, from a byte offset.
Tensor slice_of(const std::shared_ptr<Storage>& storage, std::size_t offset, const Shape& shape, const Shape& strides,
                DType dtype);

}  // namespace ravine::inline v0
