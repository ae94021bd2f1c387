#include "elementwise_body.h"
#include "parameter_body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::optim {

void ElementwiseBody::check_sparse(const SparseRow& row) const {
    const void* options = groups()[row.group]->options_data();
    const auto refuse = [&](std::string_view must) {
        throw std::invalid_argument(
            fmt::format("{}: {} with sparse gradients, got one ({}, group {})", name(), must, describe(row.parameter), row.group));
    };
    if (const std::string_view complaint = algorithm_.sparse_complaint(options); !complaint.empty()) refuse(complaint);
    if (algorithm_.implementation(options) == Implementation::fused) refuse("implementation must not be fused");
    if (grad_scale().defined()) refuse("grad_scale must not go");
    row.parameter.sparse_grad().check_indices(context());
    kernels::StepArguments arguments{};
    CarriedScalars scalars{};
    algorithm_.update(options, row.state == nullptr ? 1 : row.state->step + 1, false, scalars, arguments);
    check_scalars(row.group, row.parameter.data().dtype(), arguments);
}

/// The state of a parameter that is no row of the plan counts its steps itself.
void ElementwiseBody::update_sparse(const SparseRow& row) {
    const std::int64_t step = row.state == nullptr ? 1 : row.state->step + 1;
    const std::span<const Tensor> tensors = row.state == nullptr ? std::span<const Tensor>() : std::span<const Tensor>(row.state->tensors);
    algorithm_.sparse_update(groups()[row.group]->options_data(), step, row.parameter.sparse_grad(), row.parameter.data(), tensors, context());
    if (row.state == nullptr) return;
    row.state->step = step;
    row.state->exists = true;
}

}  // namespace ravine::inline v0::optim
