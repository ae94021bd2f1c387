#include "elementwise_body.h"
#include "parameter_body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::optim {

std::vector<ElementwiseBody::SparseUpdate> ElementwiseBody::sparse_updates() {
    std::vector<SparseUpdate> result;
    if (algorithm_.sparse_update == nullptr) return result;
    for (std::size_t g = 0; g < groups().size(); ++g) {
        const Group& group = *groups()[g];
        const RuleInfo& rule = algorithm_.rules[variant_of(group)];
        std::vector<NewState> fresh;
        for (const Parameter& parameter : group.params()) {
            if (!parameter.body()->has_sparse_grad) continue;
            const auto refuse = [&](std::string_view must) {
                throw std::invalid_argument(fmt::format("{}: {} with sparse gradients, got one ({}, group {})", name(), must, describe(parameter), g));
            };
            if (const std::string_view complaint = algorithm_.sparse_complaint(group.options_data()); !complaint.empty()) refuse(complaint);
            if (algorithm_.implementation(group.options_data()) == Implementation::fused) refuse("implementation must not be fused");
            if (grad_scale().defined()) refuse("grad_scale must not go");
            parameter.sparse_grad().check_indices();
            StateStore::Slots* state = keeps_state(rule) ? &store_.obtain(parameter) : nullptr;
            if (state != nullptr) fresh.push_back({&parameter, state});
            result.push_back({&group, &parameter, state});
        }
        if (!fresh.empty()) make_states(group, rule, fresh);
    }
    return result;
}

/// The state of a parameter that is not in the plan counts its steps itself.
void ElementwiseBody::update_sparse(const SparseUpdate& update) {
    const std::int64_t step = update.state == nullptr ? 0 : update.state->step + 1;
    const std::span<const Tensor> tensors = update.state == nullptr ? std::span<const Tensor>() : std::span<const Tensor>(update.state->tensors);
    algorithm_.sparse_update(update.group->options_data(), step, update.parameter->sparse_grad(), update.parameter->data(), tensors, context());
    if (update.state == nullptr) return;
    update.state->step = step;
    update.state->exists = true;
}

}  // namespace ravine::inline v0::optim
