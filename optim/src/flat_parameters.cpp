#include "flat_parameters.h"

#include "parameter_body.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/update.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::optim {

std::int64_t total_elements(const Parameters& parameters) noexcept {
    std::int64_t total = 0;
    for (const Parameter& parameter : parameters) total += parameter.data().numel() * (is_complex(parameter.data().dtype()) ? 2 : 1);
    return total;
}

DType widest_dtype(const Parameters& parameters) noexcept {
    const bool wide = std::any_of(parameters.begin(), parameters.end(), [](const Parameter& p) { return real_dtype(p.data().dtype()) == DType::f64; });
    return wide ? DType::f64 : DType::f32;
}

FlatParameters::FlatParameters(std::string_view owner, const Parameters& parameters, const Context& context)
    : owner_(owner), parameters_(parameters), context_(context), dtype_(widest_dtype(parameters)), numel_(total_elements(parameters)) {
    if (!parameters.empty()) device_ = parameters.front().data().device();
    for (const Parameter& parameter : parameters) {
        data_.push_back(as_real(parameter.data()));
        if (parameter.data().device() == device_) continue;
        throw std::invalid_argument(fmt::format("{}: all parameters must be on one device, {}, got {} ({})", owner, name(device_),
                                                name(parameter.data().device()), describe(parameter)));
    }
}

void FlatParameters::check_unmoved() const {
    for (std::size_t i = 0; i < data_.size(); ++i) {
        if (as_real(parameters_[i].data()).is_same_view(data_[i])) continue;
        throw std::invalid_argument(fmt::format("{}: the closure must leave the parameters where they are, got another place ({})", owner_,
                                                describe(parameters_[i])));
    }
}

std::vector<Tensor> FlatParameters::parts_of(const Tensor& vector) const {
    std::vector<Tensor> parts;
    auto* at = static_cast<std::byte*>(vector.mutable_data());
    for (const Tensor& data : data_) {
        parts.push_back(borrow(static_cast<void*>(at), dtype_, data.shape(), {.strides = {}, .device = device_}));
        at += static_cast<std::size_t>(data.numel()) * item_size(dtype_);
    }
    return parts;
}

Tensor FlatParameters::gradient(bool negated) const {
    check_unmoved();
    Tensor flat = empty({numel_}, dtype_, device_, context_);
    std::vector<Tensor> present, gradients, absent;
    const std::vector<Tensor> parts = parts_of(flat);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const SparseTensor& sparse = parameters_[i].sparse_grad();
        const Tensor gradient = sparse.defined() ? sparse.to_dense(context_) : parameters_[i].grad();
        if (!gradient.defined()) {
            absent.push_back(parts[i]);
            continue;
        }
        present.push_back(parts[i]);
        gradients.push_back(as_real(gradient));
    }
    foreach::copy_(present, gradients, context_);
    foreach::zero_(absent, context_);
    if (negated) foreach::neg_(std::span(&flat, 1), context_);
    return flat;
}

void FlatParameters::move(const Tensor& direction, double alpha) const {
    if (std::isfinite(alpha) && std::fabs(alpha) > largest_value(dtype_)) {
        throw std::invalid_argument(fmt::format("{}: the length of a step must be convertible to {} without overflow, got {}", owner_, name(dtype_), alpha));
    }
    std::vector<Tensor> own, steps, narrow, wide, wide_steps;
    const std::vector<Tensor> parts = parts_of(direction);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (data_[i].dtype() == dtype_) {
            own.push_back(data_[i]);
            steps.push_back(parts[i]);
        } else {
            narrow.push_back(data_[i]);
            wide.push_back(data_[i].to(dtype_, context_));
            wide_steps.push_back(parts[i]);
        }
    }
    foreach::add_(wide, wide_steps, alpha, context_);
    foreach::add_(own, steps, alpha, context_);
    foreach::copy_(narrow, wide, context_);
}

std::vector<Tensor> FlatParameters::values() const {
    std::vector<Tensor> copies = empty_like(data_, context_);
    foreach::copy_(copies, data_, context_);
    return copies;
}

void FlatParameters::restore(const std::vector<Tensor>& values) const { foreach::copy_(data_, values, context_); }

}  // namespace ravine::inline v0::optim
