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

/// The parameter's name for messages, escaped; "a parameter of shape (2, 3)" if it has none.
std::string describe(const Parameter& parameter);

}  // namespace ravine::inline v0
