#pragma once
#include <ravine/runtime/tensor.h>

// Of dlpack.h, which is not needed: the structs of either version of the interface.
struct DLManagedTensor;
struct DLManagedTensorVersioned;

/// Tensors handed from one library to another without a copy: DLPack 1.x, and the legacy struct that came before.
///
/// A tensor lies on the CPU (kDLCPU, kDLCUDAHost) or on a CUDA device (kDLCUDA, kDLCUDAManaged), and has one of the dtypes of DType. No
/// stream is handed over: memory of a device must be ready, or whoever takes it waits for the stream on which it is made.
namespace ravine::inline v0 {

/// Takes a managed tensor over: it is deleted by its own deleter, once, with the last view of the result, or at once if this throws. The result is
/// read-only if its flag says so. A deleter that is null has nothing to do; strides that are null are row-major. The deleter may be called by any
/// thread, and must not throw.
///
/// std::invalid_argument: null; another major version, of which only the deleter is touched; more than 64 dimensions; negative sizes or
/// strides, sizes that overflow; a dtype of several lanes, or that DType lacks; another kind of device; an address that is not aligned, or
/// null with elements to read. std::runtime_error if the device cannot be used.
RAVINE_API Tensor from_dlpack(DLManagedTensorVersioned* managed);
RAVINE_API Tensor from_dlpack(DLManagedTensor* managed);

/// The same of a `DLTensor` that stays its owner's, who keeps it and its memory alive, like `borrow`.
RAVINE_API Tensor view_dlpack(const void* dl_tensor);

/// A managed tensor over the same memory, version 1.0, which it keeps alive as a view does (borrowed memory is the caller's to keep). A read-only
/// tensor says so. The new owner calls its deleter once. Strides of dimensions of size 0 or 1 are 1, as torch has them.
/// std::invalid_argument for an undefined tensor; std::bad_alloc.
RAVINE_API DLManagedTensorVersioned* to_dlpack(const Tensor& tensor);
/// The legacy struct, for libraries that know no other: PyTorch before 2.9, for one. It cannot say that memory is read-only:
/// std::invalid_argument for such a tensor, too.
RAVINE_API DLManagedTensor* to_dlpack_legacy(const Tensor& tensor);

}  // namespace ravine::inline v0
