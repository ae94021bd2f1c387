#pragma once
#include <ravine/runtime/tensor.h>

#include <span>
#include <vector>

namespace ravine::inline v0 {

/// A tensor of which only some places are stored, in coordinates (torch's COO layout), such as the gradient of an embedding
/// table. The first `sparse_dim` dimensions are indexed, a value spans the others: `values()[j]`, of shape
/// `shape()[sparse_dim:]`, lies at `indices()[:, j]`. Values at one place add up. Values may lie on a device, and indices there
/// or on the CPU: who follows those on a device waits for them, and what is made of a sparse tensor has its own on the CPU. The
/// bits are the same everywhere.
///
/// Like Tensor a view that is cheap to copy; a default-constructed one is undefined and stands for "none".
class RAVINE_API SparseTensor {
  public:
    SparseTensor() noexcept = default;
    /// Row-major memory is seen, not copied. `indices` are int64, (sparse_dim, number of values). `coalesced` says that every
    /// place is there once, in row-major order. std::invalid_argument: shapes or dtypes that do not fit, an index outside of
    /// the shape, places that are not as `coalesced` says, a shape that overflows 64 bits, indices on another device than the
    /// values. Indices on a device are read in the order of the context's stream.
    SparseTensor(Tensor indices, Tensor values, Shape shape, bool coalesced = false, const Context& context = {});

    bool defined() const noexcept { return values_.defined(); }
    const Tensor& indices() const noexcept { return indices_; }
    const Tensor& values() const noexcept { return values_; }
    const Shape& shape() const noexcept { return shape_; }
    DType dtype() const noexcept { return values_.dtype(); }
    Device device() const noexcept { return values_.device(); }
    std::size_t sparse_dim() const noexcept { return static_cast<std::size_t>(indices_.shape()[0]); }
    /// How many values are stored.
    std::int64_t nnz() const noexcept { return indices_.shape()[1]; }
    bool is_coalesced() const noexcept { return coalesced_; }
    /// As torch takes it: one with fewer than two values is.
    bool counts_as_coalesced() const noexcept { return coalesced_ || nnz() < 2; }

    /// std::invalid_argument if the indices are no longer inside of the shape. All functions that follow them check first: the
    /// memory may have changed since the constructor looked.
    void check_indices(const Context& context = {}) const { (void)places(context); }

    /// Every place once, in row-major order. Values of one place are added in the order in which they are stored, each sum
    /// rounded to the dtype. The same memory if there is nothing to do.
    SparseTensor coalesce(const Context& context = {}) const;
    /// The values divided among several, in none of which a place is twice: one after the other they have the values of every place
    /// in the order in which these are stored.
    std::vector<SparseTensor> rounds(const Context& context = {}) const;
    /// In memory of its own, the indices on the CPU.
    SparseTensor clone(const Context& context = {}) const;
    /// The same places with other values, of the shape of `values()` and on their device; they are seen, not copied.
    /// std::invalid_argument if they do not fit.
    SparseTensor with_values(Tensor values) const;
    /// This + alpha * other, as torch adds sparse tensors: both lists of places are merged as they are stored, as if they were
    /// sorted, a place at the head of both becoming one, fma(alpha, other, this). Coalesced if both are.
    /// std::invalid_argument for other shapes, dtypes, devices or numbers of sparse dimensions, and for an alpha that overflows the
    /// dtype.
    SparseTensor add(const SparseTensor& other, double alpha, const Context& context = {}) const;
    /// The same values on another device, its indices on the CPU; nothing is copied that lies there already.
    SparseTensor to(Device device, const Context& context = {}) const;
    /// One of this shape and dtype that stores nothing.
    SparseTensor emptied(const Context& context = {}) const;
    /// A new row-major tensor with the sums of the values, and zeros elsewhere.
    Tensor to_dense(const Context& context = {}) const;

    /// What a dense tensor of this shape, in any layout, has at these places: a new tensor like `values()`.
    /// std::invalid_argument for another shape or device.
    Tensor gather(const Tensor& dense, const Context& context = {}) const;
    /// Writes `values`, of the shape of `values()`, to these places of a dense tensor; of values at one place the last one
    /// stays. std::invalid_argument for other shapes, devices or dtypes, before any write.
    void scatter(const Tensor& values, const Tensor& dense, const Context& context = {}) const;

  private:
    /// The values of these numbers, in that order, in new memory.
    SparseTensor picked(std::span<const std::int64_t> which, const Context& context) const;
    /// Row-major numbers of the places among those of the sparse dimensions.
    std::vector<std::int64_t> places(const Context& context) const;
    Tensor indices_of(const std::vector<std::int64_t>& places, const Context& context) const;
    Tensor host_indices(const Context& context) const { return indices_.to(Device{}, context); }
    void check_dense(std::string_view who, const Tensor& dense) const;
    /// Elements of one value.
    std::int64_t value_count() const noexcept;
    bool on_host() const noexcept { return device().type == DeviceType::cpu; }

    Tensor indices_;
    Tensor values_;
    Shape shape_;
    bool coalesced_ = false;
};

}  // namespace ravine::inline v0
