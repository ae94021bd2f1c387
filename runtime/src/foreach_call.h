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

/// Which pass serves a device; Pass::count if none does.
using ChoosePass = kernels::passes::Pass(const Call& call, DType dtype, double k);
ChoosePass own_pass;

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
    ChoosePass* pass_for = &own_pass;
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
/// The exponents that are products, roots and reciprocals.
ChoosePass power_pass;

}  // namespace ravine::inline v0::foreach
