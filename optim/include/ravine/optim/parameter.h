#pragma once
#include <ravine/runtime/sparse.h>
#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ravine::inline v0 {

/// A parameter and its gradient, as a handle with identity: copies name the same parameter, `==` compares identity, and
/// what is set through one copy reaches every optimizer that holds another.
///
/// The memory of both tensors stays the caller's. The gradient has the parameter's shape, dtype and device, in any
/// layout; it may be read-only, and absent (an undefined Tensor), in which case a step passes the parameter over. It may be
/// sparse instead, for the optimizers that take those.
///
/// A complex parameter is stepped like its real and imaginary parts (`view_as_real`), bit for bit; its state is complex too.
/// (torch's for-loop rounds an addition of complex numbers twice where that of real ones is one fma: SGD, and coupled decay in Adam,
/// Adagrad, Adadelta, Adamax and RMSprop, may differ from it in a last bit.) Taken by the elementwise optimizers, not by explicit
/// `fused`, and by LBFGS.
class RAVINE_API Parameter {
  public:
    /// Without a name. std::invalid_argument: undefined or read-only data, a dtype that is neither floating-point nor complex, a stride of
    /// 0 over more than one element; a gradient that does not fit it.
    explicit Parameter(Tensor data, Tensor grad = {});
    Parameter(std::string name, Tensor data, Tensor grad = {});
    /// Borrows row-major memory; `grad` may be null.
    template <class T> Parameter(std::string name, T* data, T* grad, const Shape& shape)
        : Parameter(std::move(name), borrow(data, shape), grad != nullptr ? borrow(grad, shape) : Tensor()) {}
    template <class T> Parameter(std::string name, T* data, const T* grad, const Shape& shape)
        : Parameter(std::move(name), borrow(data, shape), grad != nullptr ? borrow(grad, shape) : Tensor()) {}

    /// Empty if the parameter has none.
    const std::string& name() const noexcept;
    bool has_name() const noexcept;
    const Tensor& data() const noexcept;
    /// Undefined if there is none, or a sparse one.
    const Tensor& grad() const noexcept;
    /// Undefined if there is none, or a dense one.
    const SparseTensor& sparse_grad() const noexcept;

    /// Says where the gradient is from now on, in place of a sparse one too; an undefined Tensor takes it away.
    /// std::invalid_argument if it does not fit.
    void set_grad(Tensor grad) const;
    /// Row-major memory in the parameter's shape; null takes the gradient away.
    template <class T> void set_grad(T* grad) const {
        set_grad(grad != nullptr ? borrow(grad, data().shape()) : Tensor());
    }
    void set_grad(std::nullptr_t) const { set_grad(Tensor()); }
    /// The same for a sparse gradient: what comes, dense or sparse, takes the place of what was there.
    void set_sparse_grad(SparseTensor grad) const;

    /// Says where the parameter and its gradient are from now on: same dtype, perhaps another shape. A step that finds
    /// state of another shape raises and names Optimizer::select_rows.
    void rebind(Tensor data, Tensor grad = {}) const;
    template <class T> void rebind(T* data, T* grad, const Shape& shape) const {
        rebind(borrow(data, shape), grad != nullptr ? borrow(grad, shape) : Tensor());
    }

    /// Grows whenever data or gradient are replaced: while it is the same, both are the tensors that they were.
    std::uint64_t generation() const noexcept;

    friend bool operator==(const Parameter& a, const Parameter& b) noexcept { return a.body_ == b.body_; }

    struct Body;
    /// For the library: stable while any copy lives.
    Body* body() const noexcept { return body_.get(); }

  private:
    std::shared_ptr<Body> body_;
};

using Parameters = std::vector<Parameter>;

}  // namespace ravine::inline v0
