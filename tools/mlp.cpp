#include "mlp.h"

#include "generator.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/linalg.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ravine::tools {
namespace {

using linalg::Transpose;

constexpr std::int64_t rows_at_a_time = 256;

/// Uniform within `bound` of 0.
Tensor random(const Shape& shape, double bound, DType dtype, Generator& generator) {
    const Tensor values = empty(shape, DType::f64);
    for (double& value : values.span<double>()) value = (2 * generator.uniform() - 1) * bound;
    return values.to(dtype);
}

}  // namespace

Mlp::Mlp(std::vector<std::int64_t> sizes, bool has_norms, DType dtype, Device device, const Context& context)
    : sizes_(std::move(sizes)), dtype_(dtype), device_(device), context_(context) {
    for (std::size_t i = 0; has_norms && i + 1 < layers(); ++i) norms_.emplace_back(sizes_[i + 1], dtype, device, context);
}

void Mlp::add_parameters(Parameters& parameters, const std::string& name, const Tensor& weight, const Tensor& bias) const {
    const auto add = [&](const char* which, const Tensor& data) {
        parameters.emplace_back(name + which, on_device(data), zeros(data.shape(), dtype_, device_, context_));
    };
    add(".weight", weight);
    add(".bias", bias);
}

Parameters Mlp::make_parameters(std::uint64_t seed) const {
    Generator generator(seed, 0);
    Parameters parameters;
    for (std::size_t i = 0; i < layers(); ++i) {
        const double bound = 1 / std::sqrt(static_cast<double>(sizes_[i]));
        const Tensor weight = random({sizes_[i + 1], sizes_[i]}, bound, dtype_, generator);
        add_parameters(parameters, fmt::format("layers.{}", i), weight, random({sizes_[i + 1]}, bound, dtype_, generator));
    }
    for (std::size_t i = 0; i < norms_.size(); ++i) {
        const Tensor ones = zeros({sizes_[i + 1]}, dtype_);
        foreach::add_(std::span(&ones, 1), 1);
        add_parameters(parameters, fmt::format("norms.{}", i), ones, zeros({sizes_[i + 1]}, dtype_));
    }
    return parameters;
}

swa::Buffers Mlp::buffers() const {
    swa::Buffers result;
    for (std::size_t i = 0; i < norms_.size(); ++i) {
        const swa::Buffers of_norm = norms_[i].buffers(fmt::format("norms.{}", i));
        result.insert(result.end(), of_norm.begin(), of_norm.end());
    }
    return result;
}

void Mlp::set_buffers(const swa::Buffers& buffers) {
    for (std::size_t i = 0; i < norms_.size(); ++i) norms_[i].set_buffers(std::span(buffers).subspan(i * buffers.size() / norms_.size()));
}

std::int64_t Mlp::weights() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < layers(); ++i) sum += (sizes_[i] + 1) * sizes_[i + 1];
    for (std::size_t i = 0; i < norms_.size(); ++i) sum += 2 * sizes_[i + 1];
    return sum;
}

void Mlp::learn(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels) {
    const Tensor placed = on_device(inputs);
    run(parameters, placed, true);
    const auto rows = static_cast<std::int64_t>(labels.size());
    const Tensor outputs = logits(rows), gradient = matrix(gradients_, layers() - 1, rows);
    if (on_host()) {
        loss_gradient(outputs, labels, gradient);
    } else {
        loss_gradient(outputs, labels, outputs);
        gradient.copy_(outputs, context_);
    }
    backward(parameters, placed);
}

void Mlp::run(const Parameters& parameters, const Tensor& inputs, bool training) {
    for (BatchNorm& norm : norms_) norm.train(training);
    forward(parameters, on_device(inputs));
}

Score Mlp::score(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels) {
    Score total;
    const auto rows = static_cast<std::int64_t>(labels.size());
    for (std::int64_t begin = 0; begin < rows; begin += rows_at_a_time) {
        const std::int64_t count = std::min(rows_at_a_time, rows - begin);
        run(parameters, rows_of(inputs, begin, count), false);
        add_score(logits(count), labels.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)), total);
    }
    return {total.loss / static_cast<double>(rows), total.accuracy / static_cast<double>(rows)};
}

void Mlp::reserve(std::int64_t rows) {
    if (rows <= capacity_) return;
    outputs_.clear();
    gradients_.clear();
    for (std::size_t i = 0; i < layers(); ++i) {
        outputs_.push_back(empty({rows, sizes_[i + 1]}, dtype_, device_, context_));
        gradients_.push_back(empty({rows, sizes_[i + 1]}, dtype_, device_, context_));
    }
    ones_ = zeros({rows, 1}, dtype_, device_, context_);
    foreach::add_(std::span(&ones_, 1), 1, context_);
    capacity_ = rows;
}

/// A device's cross to the host: nothing among its kernels is an exponential, and they are the smallest of the matrices.
Tensor Mlp::logits(std::int64_t rows) const {
    const Tensor outputs = matrix(outputs_, layers() - 1, rows);
    return on_host() ? outputs : outputs.to(Device{}, context_);
}

void Mlp::forward(const Parameters& parameters, const Tensor& inputs) {
    const std::int64_t rows = inputs.shape()[0];
    reserve(rows);
    for (std::size_t i = 0; i < layers(); ++i) {
        const Tensor output = matrix(outputs_, i, rows);
        fill_rows(output, of_layer(parameters, i, 1).data(), context_);
        linalg::gemm(output, i == 0 ? inputs : matrix(outputs_, i - 1, rows), Transpose::no, of_layer(parameters, i, 0).data(), Transpose::yes, 1, 1,
                     context_);
        if (i < norms_.size()) norms_[i].forward(output, of_norm(parameters, i, 0).data(), of_norm(parameters, i, 1).data());
        if (i + 1 < layers()) relu(output, context_);
    }
}

void Mlp::backward(const Parameters& parameters, const Tensor& inputs) {
    const std::int64_t rows = inputs.shape()[0];
    for (std::size_t i = layers(); i-- > 0;) {
        const Tensor gradient = matrix(gradients_, i, rows);
        if (i < norms_.size()) {
            const Parameter &weight = of_norm(parameters, i, 0), &bias = of_norm(parameters, i, 1);
            norms_[i].backward(gradient, weight.data(), weight.grad(), bias.grad());
        }
        linalg::gemm(of_layer(parameters, i, 0).grad(), gradient, Transpose::yes, i == 0 ? inputs : matrix(outputs_, i - 1, rows), Transpose::no, 1,
                     0, context_);
        column_sums(gradient, rows_of(ones_, 0, rows), of_layer(parameters, i, 1).grad(), context_);
        if (i == 0) return;
        const Tensor before = matrix(gradients_, i - 1, rows);
        linalg::gemm(before, gradient, Transpose::no, of_layer(parameters, i, 0).data(), Transpose::no, 1, 0, context_);
        relu_backward(before, matrix(outputs_, i - 1, rows), context_);
    }
}

}  // namespace ravine::tools
