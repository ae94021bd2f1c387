#pragma once
#include <ravine/runtime/context.h>
#include <ravine/runtime/dtype.h>
#include <ravine/runtime/shape.h>

#include <memory>
#include <span>
#include <vector>

namespace ravine::inline v0 {

struct Storage;

/// How `borrow` sees memory.
struct BorrowOptions {
    Shape strides = {};  ///< in elements, one per dimension; empty means row-major
    Device device = {};
    std::shared_ptr<const void> owner = {};  ///< kept until the last view is gone; without it the caller keeps the memory alive
};

/// A strided view of memory: owned (shared among copies of the view) or borrowed from the caller, who keeps it alive.
///
/// Copying a Tensor copies the view, not the elements; constness is shallow, as in std::span. Sizes are 64-bit; 0-d
/// tensors hold one element, a zero size makes an empty one. A default-constructed Tensor is *undefined*: it stands for
/// "no tensor" and only `defined` may be asked of it.
class RAVINE_API Tensor {
  public:
    Tensor() noexcept = default;

    bool defined() const noexcept { return defined_; }
    explicit operator bool() const noexcept { return defined_; }

    DType dtype() const noexcept { return dtype_; }
    Device device() const noexcept { return device_; }
    const Shape& shape() const noexcept { return shape_; }
    /// In elements.
    const Shape& strides() const noexcept { return strides_; }
    std::size_t dim() const noexcept { return shape_.size(); }
    std::int64_t numel() const noexcept { return numel_; }
    /// Bytes of the elements: numel times item size.
    std::size_t nbytes() const noexcept { return static_cast<std::size_t>(numel_) * item_size(dtype_); }
    bool read_only() const noexcept { return read_only_; }

    /// Row-major without gaps.
    bool is_contiguous() const noexcept;
    /// Some permutation of row-major without gaps: the elements fill numel() consecutive places.
    bool is_dense() const noexcept;
    /// Dense, and in the same order as `other`: both can be walked as flat arrays.
    bool has_layout_of(const Tensor& other) const noexcept;

    /// First element.
    const void* data() const noexcept { return data_; }
    /// First element, for writing. std::invalid_argument if the tensor is read-only.
    void* mutable_data() const;

    /// The elements in memory order. std::invalid_argument if T is not the dtype, if the tensor is not dense, not on the
    /// host, or read-only while T is not const.
    template <class T> std::span<T> span() const {
        check_span(dtype_of<std::remove_const_t<T>>::value, std::is_const_v<T>);
        return {static_cast<T*>(const_cast<void*>(data_)), static_cast<std::size_t>(numel_)};
    }

    /// The value of a one-element tensor as a double (i64 beyond 2^53 rounds). std::invalid_argument otherwise.
    double item(const Context& context = {}) const;

    // What reads or writes elements runs in the order of the context's stream where a tensor lies on a device, and does not
    // wait for it, except where elements go to the host (`item` too) or from one device to another.

    /// A new row-major tensor with the same elements, on the same device.
    Tensor clone(const Context& context = {}) const;
    /// The same elements in another dtype (rounded to nearest even), row-major; a copy in any case. Between
    /// floating-point types and, on the host, from integers and bool to them; std::invalid_argument otherwise.
    Tensor to(DType dtype, const Context& context = {}) const;
    /// The same elements on another device, row-major; a copy in any case. std::runtime_error if it cannot be used.
    Tensor to(Device device, const Context& context = {}) const;
    /// Writes the elements of `source` (same shape and dtype, any layout, any device) here. std::invalid_argument if they
    /// differ or this is read-only.
    void copy_(const Tensor& source, const Context& context = {}) const;
    /// Writes zeros. std::invalid_argument if read-only.
    void zero_(const Context& context = {}) const;
    /// A view with other sizes; the tensor must be contiguous and the number of elements the same.
    Tensor view(const Shape& shape) const;
    /// A complex tensor's real and imaginary parts as one more dimension, the last, of size 2: torch.view_as_real. A view;
    /// std::invalid_argument for a tensor that is not complex.
    Tensor view_as_real() const;

    /// Whether two tensors see the same memory in the same way.
    bool is_same_view(const Tensor& other) const noexcept;

  private:
    friend RAVINE_API Tensor borrow(void*, DType, const Shape&, const BorrowOptions&);
    friend RAVINE_API Tensor borrow(const void*, DType, const Shape&, const BorrowOptions&);
    friend RAVINE_API Tensor empty_strided(const Shape&, const Shape&, DType, Device, const Context&);
    friend Tensor slice_of(const std::shared_ptr<Storage>&, std::size_t, const Shape&, const Shape&, DType);
    void check_span(DType dtype, bool for_reading) const;

    std::shared_ptr<Storage> storage_;
    void* data_ = nullptr;
    std::int64_t numel_ = 0;
    Shape shape_;
    Shape strides_;
    DType dtype_ = DType::f32;
    Device device_;
    bool read_only_ = false;
    bool defined_ = false;
};

/// Sees the caller's memory as a tensor; copies, owns and allocates nothing. The memory must outlive all views of it.
/// std::invalid_argument: null with elements to read, a negative size, strides that are negative or whose number differs,
/// a size that overflows, an address that is not aligned to the element, an address that the driver knows not to be of
/// the given device. std::runtime_error if that device cannot be used.
RAVINE_API Tensor borrow(void* data, DType dtype, const Shape& shape, const BorrowOptions& options = {});
/// Read-only.
RAVINE_API Tensor borrow(const void* data, DType dtype, const Shape& shape, const BorrowOptions& options = {});
template <class T> Tensor borrow(T* data, const Shape& shape, const BorrowOptions& options = {}) {
    using Memory = std::conditional_t<std::is_const_v<T>, const void*, void*>;
    return borrow(static_cast<Memory>(data), dtype_of<std::remove_const_t<T>>::value, shape, options);
}

/// New row-major memory, uninitialised, aligned to 64 bytes, freed with the last view. std::invalid_argument for sizes that
/// are negative or overflow; std::bad_alloc.
RAVINE_API Tensor empty(const Shape& shape, DType dtype, const Context& context = {});
/// The same on a device, in the order of the context's stream: it may be used there at once, and is given back in that order
/// too, so the stream must outlive it. std::runtime_error if the device cannot be used.
RAVINE_API Tensor empty(const Shape& shape, DType dtype, Device device, const Context& context = {});
/// The same with given strides; std::invalid_argument unless they are dense.
RAVINE_API Tensor empty_strided(const Shape& shape, const Shape& strides, DType dtype, Device device = {}, const Context& context = {});
/// New row-major host memory that no page fault moves: copies between it and a device do not wait. std::runtime_error
/// without a device.
RAVINE_API Tensor empty_pinned(const Shape& shape, DType dtype, const Context& context = {});
/// New row-major memory full of zeros.
RAVINE_API Tensor zeros(const Shape& shape, DType dtype, const Context& context = {});
RAVINE_API Tensor zeros(const Shape& shape, DType dtype, Device device, const Context& context = {});
/// New memory of zeros with the shape, dtype, device and, if it is dense, the memory layout of `other`, like torch's
/// zeros_like with preserve_format; row-major if `other` is not dense.
RAVINE_API Tensor zeros_like(const Tensor& other, const Context& context = {});
/// Uninitialised tensors like each of `others` (layouts as in zeros_like), in one allocation for each device, each aligned to 64 bytes. The
/// memory is freed with the last of them.
RAVINE_API std::vector<Tensor> empty_like(std::span<const Tensor> others, const Context& context = {});
/// The same, full of zeros.
RAVINE_API std::vector<Tensor> zeros_like(std::span<const Tensor> others, const Context& context = {});
/// Calls `visit` with the bytes of the elements in row-major order, in pieces of whole elements: nothing as large as the tensor is
/// allocated for one on the host, whatever its strides. Of one on a device a copy is visited.
RAVINE_API void visit_bytes(const Tensor& tensor, function_ref<void(std::span<const std::byte>)> visit);
/// A 0-d tensor.
RAVINE_API Tensor scalar_tensor(double value, DType dtype, const Context& context = {});

}  // namespace ravine::inline v0
