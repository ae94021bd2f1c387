#include "foreach_call.h"

#include <ravine/runtime/list_checks.h>
#include "workers.h"

#include <ravine/runtime/update.h>

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

namespace ravine::inline v0::foreach {
namespace {

void check_call(std::string_view who, const Call& call) {
    check_floating_point(who, "self", call.self);
    for (const Call::Input& input : std::span(call.inputs).first(static_cast<std::size_t>(call.input_count))) {
        check_alike(who, input.what, input.list, call.self);
    }
    check_scalars(who, "scalars", call.k, call.limit, call.self);
    check_scalars(who, "scalars", call.l, call.limit, call.self);
}

void run(const Call& call, TensorList out, const Context& context) {
    const std::array<TensorList, 3> lists = {call.self, call.inputs[0].list, call.inputs[1].list};
    const Isa isa = default_isa();
    run_rows(out, std::span(lists).first(static_cast<std::size_t>(call.input_count) + 1), [&](std::size_t i) {
        PlanEntry entry;
        const DType dtype = out[i].dtype();
        entry.device = out[i].device();
        if (entry.device.type == DeviceType::cpu) entry.kernel = call.kernel(call, isa, dtype, call.k[i]);
        else entry.device_kernel = call.device_kernel(call, dtype, call.k[i]);
        entry.arguments.terms[0] = call.k[i];
        entry.arguments.terms[1] = call.l[i];
        entry.writes = 1;
        return entry;
    }, context);
}

bool same_work(const PlanEntry& a, const PlanEntry& b) {
    return a.kernel == b.kernel && a.device == b.device && a.device_kernel == b.device_kernel && std::equal(std::begin(a.arguments.terms), std::end(a.arguments.terms), std::begin(b.arguments.terms));
}

}  // namespace

kernels::Kernel* pass_kernel(const Call& call, Isa isa, DType dtype, double) {
    return passes_of(isa, dtype).kernels[static_cast<int>(call.pass)];
}

kernels::GridKernel* device_pass_kernel(const Call& call, DType dtype, double) { return device_passes_of(dtype)[static_cast<int>(call.pass)]; }

void check_scalars(std::string_view who, std::string_view what, const Scalars& scalars, Limit limit, TensorList tensors) {
    if (scalars.is_list()) check_count(who, what, scalars.size(), tensors.size());
    if (limit == Limit::none) return;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const DType dtype = tensors[i].dtype();
        const double largest = limit == Limit::dtype ? largest_value(dtype) : largest_computed_value(dtype);
        if (!std::isfinite(scalars[i]) || std::fabs(scalars[i]) <= largest) continue;
        throw std::invalid_argument(
            fmt::format("{}: {} must be convertible to {} without overflow, got {} (tensor {})", who, what,
                        name(limit == Limit::dtype || dtype == DType::f64 ? dtype : DType::f32), scalars[i], i));
    }
}

void in_place(const Call& call, const Context& context) {
    const std::string who = fmt::format("{}_", call.who);
    check_call(who, call);
    check_writable(who, "self", call.self);
    run(call, call.self, context);
}

Tensors out_of_place(const Call& call, const Context& context) {
    check_call(call.who, call);
    Tensors out = empty_like(call.self, context);
    run(call, out, context);
    return out;
}

void run_rows(TensorList out, std::span<const TensorList> inputs, function_ref<PlanEntry(std::size_t)> entry_of, const Context& context) {
    Workers workers(out, context);
    Plan plan;
    // Tensors of one dtype mostly do the same: only the last entry of each is looked at.
    std::array<std::optional<unsigned>, dtype_count> last;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const PlanEntry entry = entry_of(i);
        std::optional<unsigned>& known = last[static_cast<std::size_t>(out[i].dtype())];
        if (!known || !same_work(plan.entry(*known), entry)) known = plan.add_entry(entry);
        const Tensor* slots[kernels::max_slots] = {&out[i]};
        for (std::size_t s = 0; s < inputs.size(); ++s) slots[s + 1] = &inputs[s][i];
        plan.add_row(*known, std::span(slots, inputs.size() + 1));
    }
    plan.seal(workers.executor().concurrency(), context);
    plan.run(workers.executor());
}

}  // namespace ravine::inline v0::foreach
