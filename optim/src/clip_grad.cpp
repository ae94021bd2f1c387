#include <ravine/optim/clip_grad.h>

#include "parameter_body.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

[[noreturn]] void cannot_clip(std::string_view who, const std::string& message) { throw std::invalid_argument(fmt::format("{}: {}", who, message)); }

constexpr std::string_view by_norm = "clip_grad_norm_", by_value = "clip_grad_value_";

void check_clipped(std::string_view who, const Tensor& gradient) {
    if (gradient.read_only()) cannot_clip(who, "gradients must be writable, got a read-only one of shape " + gradient.shape().to_string());
}

std::vector<Tensor> gradients_of(std::string_view who, const Parameters& parameters) {
    std::vector<Tensor> gradients;
    for (const Parameter& parameter : parameters) {
        if (parameter.sparse_grad().defined()) cannot_clip(who, fmt::format("gradients must be dense, got a sparse one ({})", describe(parameter)));
        if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
    return gradients;
}

/// The norm of the norms, in their order.
double norm_of(const std::vector<double>& norms, double order) {
    double total = 0;
    for (const double norm : norms) {
        if (order == 1) total += norm;
        else if (order == 2) total += norm * norm;
        else if (std::isnan(norm) || norm > total) total = norm;
    }
    return order == 2 ? std::sqrt(total) : total;
}

}  // namespace

Tensor clip_grad_norm_(std::span<const Tensor> gradients, double max_norm, double norm_type, const Context& context) {
    if (!(max_norm >= 0)) cannot_clip(by_norm, fmt::format("max_norm must be >= 0, got {}", max_norm));
    if (norm_type != 1 && norm_type != 2 && norm_type != INFINITY) cannot_clip(by_norm, fmt::format("norm_type must be 1, 2 or inf, got {}", norm_type));
    std::vector<Tensor> parts;  // the real and imaginary ones of complex gradients
    for (const Tensor& gradient : gradients) {
        check_clipped(by_norm, gradient);
        if (is_complex(gradient.dtype()) && norm_type != 2) cannot_clip(by_norm, fmt::format("norm_type must be 2 with complex gradients, got {}", norm_type));
        parts.push_back(as_real(gradient));
    }
    const bool wide = std::any_of(parts.begin(), parts.end(), [](const Tensor& g) { return g.dtype() == DType::f64; });
    const double total = norm_of(foreach::norms(parts, norm_type, context), norm_type);
    const double coefficient = max_norm / (total + 1e-6);
    foreach::mul_(parts, coefficient > 1 ? 1 : coefficient, context);
    return scalar_tensor(total, wide ? DType::f64 : DType::f32, context);
}

Tensor clip_grad_norm_(const Parameters& parameters, double max_norm, double norm_type, const Context& context) {
    return clip_grad_norm_(gradients_of(by_norm, parameters), max_norm, norm_type, context);
}

void clip_grad_value_(std::span<const Tensor> gradients, double clip_value, const Context& context) {
    if (!(clip_value >= 0)) cannot_clip(by_value, fmt::format("clip_value must be >= 0, got {}", clip_value));
    for (const Tensor& gradient : gradients) {
        check_clipped(by_value, gradient);
        if (is_complex(gradient.dtype())) cannot_clip(by_value, fmt::format("gradients must be real, got {}", name(gradient.dtype())));
    }
    foreach::clamp_(gradients, -clip_value, clip_value, context);
}

void clip_grad_value_(const Parameters& parameters, double clip_value, const Context& context) {
    clip_grad_value_(gradients_of(by_value, parameters), clip_value, context);
}

}  // namespace ravine::inline v0::optim
