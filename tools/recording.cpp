#include "recording.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::int64_t largest_step = 10'000'000;

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/')) {
        parts.emplace_back(text.substr(0, slash));
        text.remove_prefix(slash + 1);
    }
    parts.emplace_back(text);
    return parts;
}

std::string kind_of(const Tensor& tensor) {
    return fmt::format("{} {}", name(tensor.dtype()), tensor.shape().to_string());
}

}  // namespace

Recording::Recording(safetensors::File file, std::string path) : path_(std::move(path)) {
    for (const auto& [name, tensor] : file.tensors) add(name, tensor);
    if (parameters_.empty()) refuse("the input must have a tensor param/<name>", "none");
    std::sort(parameters_.begin(), parameters_.end(),
              [](const Parameter& a, const Parameter& b) { return a.name() < b.name(); });
    check_gradients();
}

void Recording::add(const std::string& key, const Tensor& tensor) {
    const std::vector<std::string> parts = split(key);
    const bool sparse = parts.size() == 4 && (parts[3] == "indices" || parts[3] == "values");
    const bool scaler = parts.size() == 2 && (parts[0] == "found_inf" || parts[0] == "grad_scale");
    if (parts.size() == 2 && parts[0] == "param" && !parts[1].empty()) {
        add_parameter(key, parts[1], tensor);
    } else if (parts[0] == "grad" && (parts.size() == 3 || sparse) && !parts[1].empty()) {
        const std::int64_t step = step_number(parts[2], key);
        Gradient& gradient = gradients_[step][parts[1]];
        (!sparse ? gradient.dense : parts[3] == "indices" ? gradient.indices : gradient.values) = tensor;
    } else if (scaler) {
        const std::int64_t step = step_number(parts[1], key);
        if (tensor.dtype() != DType::f32 || tensor.dim() != 0) refuse(key + " must be a 0-d float32", kind_of(tensor));
        (parts[0] == "found_inf" ? found_inf_ : grad_scale_)[step] = tensor;
    } else {
        refuse(
            "a tensor must be named param/<name>, grad/<name>/<t>, grad/<name>/<t>/indices, grad/<name>/<t>/values, "
            "found_inf/<t> or grad_scale/<t>",
            ravine::quoted(key));
    }
}

void Recording::add_parameter(const std::string& key, const std::string& name, const Tensor& tensor) {
    if (!is_floating_point(tensor.dtype())) refuse(key + " must be F64, F32, F16 or BF16", kind_of(tensor));
    parameters_.emplace_back(name, tensor);
}

std::int64_t Recording::step_number(std::string_view digits, const std::string& key) const {
    std::int64_t step = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
    const bool plain = error == std::errc() && end == digits.data() + digits.size() && digits[0] != '0';
    if (!plain || step < 1 || step > largest_step) {
        refuse(fmt::format("{} must end in a step from 1 to {}", key, largest_step), ravine::quoted(digits));
    }
    return step;
}

void Recording::check_gradients() {
    for (auto& [step, gradients] : gradients_) {
        for (auto& [name, gradient] : gradients) {
            const std::string key = fmt::format("grad/{}/{}", name, step);
            const Parameter* parameter = find(name);
            if (parameter == nullptr) refuse(fmt::format("{} must have its param/{}", key, name), "no such tensor");
            if (!gradient.indices.defined() && !gradient.values.defined()) check_dense(key, gradient.dense, parameter->data());
            else gradient.sparse = checked_sparse(key, gradient, parameter->data());
        }
    }
}

void Recording::check_dense(const std::string& key, const Tensor& gradient, const Tensor& data) const {
    if (gradient.dtype() == data.dtype() && gradient.shape() == data.shape()) return;
    refuse(fmt::format("{} must be {} like its parameter", key, kind_of(data)), kind_of(gradient));
}

SparseTensor Recording::checked_sparse(const std::string& key, const Gradient& gradient, const Tensor& data) const {
    if (gradient.dense.defined()) refuse(key + " must be dense or sparse", "both");
    for (const auto& [part, tensor] : {std::pair("indices", &gradient.indices), std::pair("values", &gradient.values)}) {
        if (!tensor->defined()) refuse(fmt::format("{} must have both indices and values", key), fmt::format("no {}/{}", key, part));
    }
    if (gradient.values.dtype() != data.dtype()) {
        refuse(fmt::format("{}/values must be {} like its parameter", key, ravine::name(data.dtype())), ravine::name(gradient.values.dtype()));
    }
    try {
        return {gradient.indices, gradient.values, data.shape()};
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("replay: {} must be a sparse tensor: {} ({})", key, error.what(), path_));
    }
}

const Parameter* Recording::find(std::string_view name) const {
    const auto found = std::lower_bound(parameters_.begin(), parameters_.end(), name,
                                        [](const Parameter& a, std::string_view b) { return a.name() < b; });
    return found == parameters_.end() || found->name() != name ? nullptr : &*found;
}

void Recording::move_to(Device device, const Context& context) {
    if (device == device_) return;
    device_ = device;
    context_ = context;
    for (const Parameter& parameter : parameters_) parameter.rebind(parameter.data().to(device, context));
}

void Recording::set_gradients(std::int64_t step) const {
    const auto gradients = gradients_.find(step);
    for (const Parameter& parameter : parameters_) {
        if (gradients == gradients_.end()) {
            parameter.set_grad(nullptr);
        } else {
            const auto gradient = gradients->second.find(parameter.name());
            if (gradient == gradients->second.end()) parameter.set_grad(Tensor());
            else set_gradient(parameter, gradient->second);
        }
    }
}

void Recording::set_gradient(const Parameter& parameter, const Gradient& gradient) const {
    if (gradient.sparse.defined()) parameter.set_sparse_grad(gradient.sparse.to(device_, context_));
    else parameter.set_grad(device_ == Device{} ? gradient.dense : gradient.dense.to(device_, context_));
}

Tensor Recording::at(const Steps& steps, std::int64_t step) {
    const auto found = steps.find(step);
    return found == steps.end() ? Tensor() : found->second;
}

void Recording::refuse(std::string_view what, std::string_view got) const {
    throw std::invalid_argument(fmt::format("replay: {}, got {} ({})", what, got, path_));
}

}  // namespace ravine::tools
