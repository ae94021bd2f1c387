#pragma once
#include <ravine/runtime/foreach.h>

#include <array>

namespace ravine::inline v0::optim {

/// The iteration X = a X + (b A + c A A) X with A = X Xᵀ, which drives the singular values of X towards 1.
struct NewtonSchulz {
    std::array<double, 3> coefficients;
    std::int64_t steps;
    double eps;  ///< the least norm that a matrix is divided by first
};

/// Each matrix made orthogonal, in bfloat16: new tensors of the dtypes of `matrices`. Products are float32, their results are
/// rounded once. Matrices of one shape, or its transpose, go through each product together.
foreach::Tensors orthogonal(foreach::TensorList matrices, const NewtonSchulz& iteration, const Context& context);

}  // namespace ravine::inline v0::optim
