#pragma once
#include "averaging_form.h"

#include <ravine/runtime/tensor.h>

namespace ravine::inline v0::swa {

/// The kernel that averages integers or bools by `form.of_integers()`, for a form that has no complaint about them.
kernels::Kernel* integer_kernel(const AveragingForm& form, DType dtype) noexcept;

/// Real numbers as new integers or bools on the host, without their fraction; beyond the range as averaging.h says.
Tensor truncated_to(DType dtype, const Tensor& numbers, const Context& context);

}  // namespace ravine::inline v0::swa
