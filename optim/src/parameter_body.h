#pragma once
#include <ravine/optim/parameter.h>

namespace ravine::inline v0 {

/// What all copies of a Parameter share. `generation` grows with every change, so that a step need not compare tensors.
struct Parameter::Body {
    std::uint64_t generation = 0;
    Tensor data;
    Tensor grad;
    SparseTensor sparse_grad;
    std::string name;
    bool named = false;

    void set_grads(Tensor dense, SparseTensor sparse) noexcept {
        grad = std::move(dense);
        sparse_grad = std::move(sparse);
        ++generation;
    }
};

/// What the arithmetic of a step sees of a parameter, a gradient or a state: the parts of a complex tensor, any other tensor itself.
inline Tensor as_real(const Tensor& tensor) { return is_complex(tensor.dtype()) ? tensor.view_as_real() : tensor; }

/// The parameter's name for messages, escaped; "a parameter of shape (2, 3)" if it has none.
std::string describe(const Parameter& parameter);

}  // namespace ravine::inline v0
