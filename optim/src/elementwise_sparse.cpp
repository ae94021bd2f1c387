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
    const Tensor& data = row.parameter.data();
    if (state_dtype(data, state_dtype_) != data.dtype()) refuse("the state must have the parameter's dtype");
    if (row.state != nullptr && row.state->sparse.defined()) check_like_state(row);
    row.parameter.sparse_grad().check_indices(context());
    kernels::StepArguments arguments{};
    CarriedScalars scalars{};
    algorithm_.update(options, row.state == nullptr ? 1 : row.state->step + 1, false, scalars, arguments);
    check_scalars(row.group, row.parameter.data().dtype(), arguments);
}

/// What the gradient is to be added to.
void ElementwiseBody::check_like_state(const SparseRow& row) const {
    const auto kind_of = [](const SparseTensor& sparse) {
        return fmt::format("{} sparse dimensions on {}", sparse.sparse_dim(), ravine::name(sparse.device()));
    };
    const std::string kept = kind_of(row.state->sparse), given = kind_of(row.parameter.sparse_grad());
    if (kept == given) return;
    throw std::invalid_argument(fmt::format("{}: the gradient must have {} as {} has, got {} ({}, group {})", name(), kept, state_names_[0], given,
                                            describe(row.parameter), row.group));
}

/// The state of a parameter that is no row of the plan counts its steps itself.
void ElementwiseBody::update_sparse(const SparseRow& row) {
    const std::int64_t step = row.state == nullptr ? 1 : row.state->step + 1;
    const std::span<const Tensor> tensors = row.state == nullptr ? std::span<const Tensor>() : std::span<const Tensor>(row.state->tensors);
    SparseTensor none;
    algorithm_.sparse_update(groups()[row.group]->options_data(), step, row.parameter.sparse_grad(), row.parameter.data(), tensors,
                             row.state == nullptr ? none : row.state->sparse, context());
    if (row.state == nullptr) return;
    row.state->step = step;
    row.state->exists = true;
}

Value ElementwiseBody::sparse_value(const SparseTensor& sparse) {
    Tuple size;
    for (const std::int64_t length : sparse.shape()) size.items.emplace_back(length);
    return Dict{{"indices", sparse.indices()}, {"values", sparse.values()}, {"size", std::move(size)}, {"is_coalesced", sparse.is_coalesced()}};
}

/// The inverse, in memory of its own. std::invalid_argument if it is none.
SparseTensor ElementwiseBody::sparse_from(const Dict& dict, const Tensor& data) const {
    Tensor values = dict.at("values").as<Tensor>();
    if (is_floating_point(values.dtype()) && is_floating_point(data.dtype())) values = values.to(data.dtype(), context());
    const SparseTensor read(dict.at("indices").as<Tensor>().to(Device{}, context()), values.to(data.device(), context()), data.shape(),
                            dict.at("is_coalesced").as<bool>(), context());
    if (read.dtype() != data.dtype()) throw std::invalid_argument(fmt::format("values must be {}, got {}", ravine::name(data.dtype()), ravine::name(read.dtype())));
    return read.clone(context());
}

}  // namespace ravine::inline v0::optim
