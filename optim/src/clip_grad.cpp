#include <ravine/optim/clip_grad.h>

#include "parameter_body.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw std::invalid_argument("clip_grad_norm_: " + message); }

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
    if (!(max_norm >= 0)) invalid(fmt::format("max_norm must be >= 0, got {}", max_norm));
    if (norm_type != 1 && norm_type != 2 && norm_type != INFINITY) invalid(fmt::format("norm_type must be 1, 2 or inf, got {}", norm_type));
    std::vector<Tensor> parts;  // the real and imaginary ones of complex gradients
    for (const Tensor& gradient : gradients) {
        if (gradient.read_only()) invalid("gradients must be writable, got a read-only one of shape " + gradient.shape().to_string());
        if (is_complex(gradient.dtype()) && norm_type != 2) invalid(fmt::format("norm_type must be 2 with complex gradients, got {}", norm_type));
        parts.push_back(as_real(gradient));
    }
    const bool wide = std::any_of(parts.begin(), parts.end(), [](const Tensor& g) { return g.dtype() == DType::f64; });
    const double total = norm_of(foreach::norms(parts, norm_type, context), norm_type);
    const double coefficient = max_norm / (total + 1e-6);
    foreach::mul_(parts, coefficient > 1 ? 1 : coefficient, context);
    return scalar_tensor(total, wide ? DType::f64 : DType::f32, context);
}

Tensor clip_grad_norm_(const Parameters& parameters, double max_norm, double norm_type, const Context& context) {
    std::vector<Tensor> gradients;
    for (const Parameter& parameter : parameters) {
        if (parameter.sparse_grad().defined()) invalid(fmt::format("gradients must be dense, got a sparse one ({})", describe(parameter)));
        if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
    return clip_grad_norm_(gradients, max_norm, norm_type, context);
}

}  // namespace ravine::inline v0::optim
