#include <ravine/runtime/list_update.h>

#include "workers.h"

#include <ravine/runtime/list_checks.h>

#include <map>
#include <tuple>

namespace ravine::inline v0 {

void ListUpdate::check() const {
    const std::span<const Tensor> params = slots[kernels::param_slot];
    check_floating_point(who, names[kernels::param_slot], params);
    for (std::size_t s = 0; s < slots.size(); ++s) {
        check_alike(who, names[s], slots[s], params);
        if (writes >> s & 1u) check_writable(who, names[s], slots[s]);
    }
}

void ListUpdate::run(function_ref<const kernels::StepArguments*(std::size_t)> arguments_of, const Context& context) const {
    const std::span<const Tensor> params = slots[kernels::param_slot];
    const Isa isa = default_isa();
    Workers workers(params, context);
    Plan plan;
    std::map<std::tuple<Device, DType, const kernels::StepArguments*>, unsigned> entries;
    for (std::size_t i = 0; i < params.size(); ++i) {
        const DType dtype = params[i].dtype();
        const Device device = params[i].device();
        const auto [entry, is_new] = entries.try_emplace({device, dtype, arguments_of(i)});
        if (is_new) {
            PlanEntry planned = entry_of(rule, kind, isa, dtype, device);
            const kernels::PassTable* const passes = planned.arguments.passes;
            planned.arguments = *arguments_of(i);
            planned.arguments.passes = passes;
            planned.writes = writes;
            entry->second = plan.add_entry(planned);
        }
        const Tensor* row[kernels::max_slots] = {};
        for (std::size_t s = 0; s < slots.size(); ++s) row[s] = &slots[s][i];
        plan.add_row(entry->second, std::span(row, slots.size()));
    }
    plan.seal(workers.executor().concurrency(), context);
    plan.run(workers.executor());
}

}  // namespace ravine::inline v0
