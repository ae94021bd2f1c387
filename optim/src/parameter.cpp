#include "parameter_body.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ravine::inline v0 {
namespace {

[[noreturn]] void invalid(const std::string& message) {
    throw std::invalid_argument("Parameter: " + message);
}

/// Each dimension steps over all that those of smaller strides reach. (Few layouts without overlap do otherwise, and nobody makes them.)
void check_overlap(const Tensor& data) {
    if (data.is_contiguous() || data.numel() == 0) return;
    std::vector<std::pair<std::int64_t, std::int64_t>> dimensions;  // stride and size
    for (std::size_t d = 0; d < data.dim(); ++d) {
        if (data.shape()[d] > 1) dimensions.emplace_back(data.strides()[d], data.shape()[d]);
    }
    std::sort(dimensions.begin(), dimensions.end());
    std::int64_t reached = 0;
    for (const auto& [stride, size] : dimensions) {
        if (stride <= reached) {
            invalid(fmt::format("data must not see an element twice, got strides {} of shape {}", data.strides().to_string(), data.shape().to_string()));
        }
        reached += (size - 1) * stride;
    }
}

void check_data(const Tensor& data) {
    if (!data.defined()) invalid("data must be a tensor, got an undefined one");
    if (!is_floating_point(real_dtype(data.dtype()))) {
        invalid(fmt::format("data must be float64, float32, bfloat16, float16 or complex, got {}", name(data.dtype())));
    }
    if (data.read_only()) invalid("data must be writable, got read-only memory (borrowed from a const pointer)");
    check_overlap(data);
}

template <class Grad> void check_grad(const Tensor& data, const Grad& grad) {
    if (!grad.defined()) return;
    if (!(grad.shape() == data.shape())) {
        invalid(fmt::format("grad must have the parameter's shape {}, got {}", data.shape().to_string(), grad.shape().to_string()));
    }
    if (grad.dtype() != data.dtype()) {
        invalid(fmt::format("grad must have the parameter's dtype {}, got {}", name(data.dtype()), name(grad.dtype())));
    }
    if (grad.device() != data.device()) {
        invalid(fmt::format("grad must be on {}, the parameter's device, got {}", name(data.device()), name(grad.device())));
    }
}

}  // namespace

std::string describe(const Parameter& parameter) {
    if (!parameter.has_name()) return "a parameter of shape " + parameter.data().shape().to_string();
    return ravine::quoted(parameter.name());
}

Parameter::Parameter(Tensor data, Tensor grad) {
    check_data(data);
    check_grad(data, grad);
    body_ = std::make_shared<Body>();
    body_->data = std::move(data);
    body_->grad = std::move(grad);
}

Parameter::Parameter(std::string name, Tensor data, Tensor grad) : Parameter(std::move(data), std::move(grad)) {
    body_->name = std::move(name);
    body_->named = true;
}

const std::string& Parameter::name() const noexcept { return body_->name; }
bool Parameter::has_name() const noexcept { return body_->named; }
const Tensor& Parameter::data() const noexcept { return body_->data; }
const Tensor& Parameter::grad() const noexcept { return body_->grad; }
const SparseTensor& Parameter::sparse_grad() const noexcept { return body_->sparse_grad; }

std::uint64_t Parameter::generation() const noexcept { return body_->generation; }

void Parameter::set_grad(Tensor grad) const {
    check_grad(body_->data, grad);
    if (!body_->sparse_grad.defined() && grad.is_same_view(body_->grad) && grad.read_only() == body_->grad.read_only()) return;
    body_->set_grads(std::move(grad), {});
}

void Parameter::set_sparse_grad(SparseTensor grad) const {
    check_grad(body_->data, grad);
    body_->set_grads({}, std::move(grad));
}

void Parameter::rebind(Tensor data, Tensor grad) const {
    check_data(data);
    check_grad(data, grad);
    if (data.dtype() != body_->data.dtype()) {
        invalid(fmt::format("rebind: dtype must stay {}, got {}", ravine::name(body_->data.dtype()), ravine::name(data.dtype())));
    }
    body_->data = std::move(data);
    body_->set_grads(std::move(grad), {});
}

}  // namespace ravine::inline v0
