#pragma once
#include <ravine/kernels/passes.h>
#include <ravine/runtime/foreach.h>
#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/plan.h>

#include <array>
#include <string_view>

namespace ravine::inline v0::foreach {

/// Which scalars torch refuses: finite ones beyond the largest value of the dtype, or of the type that computes.
enum class Limit { none, dtype, computed };

struct Call;
using ChooseKernel = kernels::Kernel*(const Call& call, Isa isa, DType dtype, double k);

/// The call's pass.
ChooseKernel pass_kernel;

/// The same for a device; null in a library without kernels for devices.
using ChooseDeviceKernel = kernels::GridKernel*(const Call& call, DType dtype, double k);
ChooseDeviceKernel device_pass_kernel;

/// A foreach call: what is done with which lists.
struct Call {
    std::string_view who;  ///< without the underscore of the form that writes in place
    TensorList self;
    struct Input {
        std::string_view what;
        TensorList list;
    };
    std::array<Input, 2> inputs = {};  ///< beside self
    int input_count = 0;
    Scalars k = 0, l = 0;
    Limit limit = Limit::none;
    kernels::passes::Pass pass = kernels::passes::Pass::count;
    ChooseKernel* kernel = &pass_kernel;
    ChooseDeviceKernel* device_kernel = &device_pass_kernel;
};

/// Checks the call, then runs it into `self`.
void in_place(const Call& call, const Context& context);
/// Checks the call, then runs it into new tensors.
Tensors out_of_place(const Call& call, const Context& context);
/// std::invalid_argument if the scalar list has another length or torch refuses a scalar.
void check_scalars(std::string_view who, std::string_view what, const Scalars& scalars, Limit limit, TensorList tensors);

/// One row for each tensor of `out` over it and the inputs, in one parallel region.
void run_rows(TensorList out, std::span<const TensorList> inputs, function_ref<PlanEntry(std::size_t)> entry_of, const Context& context);

/// The kernels of `pow` with the exponent k, with a tensor of exponents, and with the base k.
ChooseKernel power_kernel, tensor_power_kernel, base_power_kernel;
ChooseDeviceKernel device_power_kernel, device_tensor_power_kernel, device_base_power_kernel;

}  // namespace ravine::inline v0::foreach
