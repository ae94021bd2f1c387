#include "foreach_call.h"

#include <ravine/kernels/grid_kernel_set.h>
#include <ravine/kernels/powers.h>
#include <ravine/runtime/update.h>

#include <array>

namespace ravine::inline v0::foreach {
namespace {

using kernels::passes::Pass;

template <class Storage> double read(const void* memory, long long i) {
    return static_cast<double>(kernels::storage_traits<Storage>::widen(static_cast<const Storage*>(memory)[i]));
}
/// Rounds to the computing type, then to the storage type.
template <class Storage> Storage rounded(double value) {
    return kernels::storage_traits<Storage>::narrow(static_cast<kernels::compute_t<Storage>>(value));
}
template <class Storage> double on_grid(double value) {
    const Storage result = rounded<Storage>(value);
    return read<Storage>(&result, 0);
}

/// Calls element(i) for each element and stores what it returns.
template <class Storage, class Element> void for_each_element(const kernels::Chunk* rows, unsigned long long chunks, Element element) {
    for (const kernels::Chunk* row = rows; row != rows + chunks; ++row) {
        auto* out = static_cast<Storage*>(row->slot[0]);
        for (long long i = 0; i < row->count; ++i) out[i] = rounded<Storage>(element(*row, i));
    }
}

template <class Storage> void power(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments& arguments) noexcept {
    const double exponent = on_grid<Storage>(arguments.terms[0]);
    for_each_element<Storage>(rows, chunks, [&](const kernels::Chunk& row, long long i) {
        return kernels::powers::power_of(read<Storage>(row.slot[1], i), exponent);
    });
}
template <class Storage> void tensor_power(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments&) noexcept {
    for_each_element<Storage>(rows, chunks, [](const kernels::Chunk& row, long long i) {
        return kernels::powers::power(read<Storage>(row.slot[1], i), read<Storage>(row.slot[2], i));
    });
}
template <class Storage> void base_power(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments& arguments) noexcept {
    const double base = on_grid<Storage>(arguments.terms[0]);
    for_each_element<Storage>(rows, chunks, [&](const kernels::Chunk& row, long long i) {
        return kernels::powers::power_to(base, read<Storage>(row.slot[1], i));
    });
}

/// In the order of DType.
using Kernels = std::array<kernels::Kernel*, kernels::storage_count>;
constexpr Kernels powers = {&power<double>, &power<float>, &power<bf16>, &power<f16>};
constexpr Kernels tensor_powers = {&tensor_power<double>, &tensor_power<float>, &tensor_power<bf16>, &tensor_power<f16>};
constexpr Kernels base_powers = {&base_power<double>, &base_power<float>, &base_power<bf16>, &base_power<f16>};

/// The exponents that torch does not leave to a power function; Pass::count for the others.
Pass pass_of(double exponent, DType dtype) noexcept {
    if (exponent == 2) return Pass::Square;
    if (exponent == 0.5) return Pass::Sqrt;
    if (exponent == -0.5) return Pass::Rsqrt;
    if (exponent == -1) return Pass::Reciprocal;
    if (exponent == 3 && dtype != DType::f16) return Pass::Cube;
    if (exponent == -2 && dtype != DType::f16) return Pass::InverseSquare;
    return Pass::count;
}

/// The call with its exponent's pass; without one for the others.
Call simpler(const Call& call, DType dtype, double exponent) noexcept {
    Call result = call;
    result.pass = pass_of(exponent, dtype);
    return result;
}

kernels::GridKernel* device_kernel(kernels::powers::Kind kind, DType dtype) noexcept {
    static const auto all = kernels::family_grid_kernels<kernels::powers::All>();
    return all.stepwise[static_cast<int>(dtype)][static_cast<int>(kind)];
}

}  // namespace

kernels::Kernel* power_kernel(const Call& call, Isa isa, DType dtype, double exponent) {
    const Call by_pass = simpler(call, dtype, exponent);
    return by_pass.pass == Pass::count ? powers[static_cast<std::size_t>(dtype)] : pass_kernel(by_pass, isa, dtype, exponent);
}

kernels::Kernel* tensor_power_kernel(const Call&, Isa, DType dtype, double) { return tensor_powers[static_cast<std::size_t>(dtype)]; }

kernels::Kernel* base_power_kernel(const Call&, Isa, DType dtype, double) { return base_powers[static_cast<std::size_t>(dtype)]; }

kernels::GridKernel* device_power_kernel(const Call& call, DType dtype, double exponent) {
    const Call by_pass = simpler(call, dtype, exponent);
    return by_pass.pass == Pass::count ? device_kernel(kernels::powers::Kind::power, dtype) : device_pass_kernel(by_pass, dtype, exponent);
}

kernels::GridKernel* device_tensor_power_kernel(const Call&, DType dtype, double) {
    return device_kernel(kernels::powers::Kind::power_tensor, dtype);
}

kernels::GridKernel* device_base_power_kernel(const Call&, DType dtype, double) {
    return device_kernel(kernels::powers::Kind::power_of_base, dtype);
}

}  // namespace ravine::inline v0::foreach
