#pragma once
#include <ravine/optim/algorithm.h>
#include <ravine/runtime/update.h>

#include <string>

namespace ravine::inline v0::optim {

/// What the options of an elementwise algorithm ask for: automatic is fused.
Implementation implementation_of(const Algorithm& algorithm, const void* options);
KernelKind kind_of(Implementation implementation) noexcept;

/// Empty, or that torch would refuse the scalars of an update for tensors of that dtype. Blames the largest option.
std::string scalars_complaint(const Algorithm& algorithm, const void* options, DType dtype, const kernels::StepArguments& arguments);

}  // namespace ravine::inline v0::optim
