#include "mlp.h"

#include "generator.h"

#include <ravine/runtime/linalg.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ravine::tools {
namespace {

using linalg::Transpose;

constexpr std::int64_t rows_at_a_time = 256;

/// Calls `each` with a value of the dtype's C++ type.
template <class F> auto with_type(DType dtype, F each) {
    switch (dtype) {
        case DType::f64: return each(double());
        case DType::bf16: return each(bf16());
        case DType::f16: return each(f16());
        default: return each(float());
    }
}

template <class T> double to_double(T value) { return static_cast<double>(kernels::storage_traits<T>::widen(value)); }

template <class T> T from_double(double value) {
    using Traits = kernels::storage_traits<T>;
    return Traits::narrow(static_cast<typename Traits::compute>(value));
}

std::size_t columns_of(const Tensor& matrix) { return static_cast<std::size_t>(matrix.shape()[1]); }

/// Every row becomes the bias: the product is added to it.
void fill_rows(const Tensor& matrix, const Tensor& bias) {
    with_type(matrix.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto from = bias.span<const T>();
        const auto to = matrix.span<T>();
        for (std::size_t i = 0; i < to.size(); i += from.size()) std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(i));
    });
}

void relu(const Tensor& values) {
    with_type(values.dtype(), [&](auto zero) {
        for (auto& value : values.span<decltype(zero)>()) {
            if (to_double(value) < 0) value = zero;
        }
    });
}

/// Gradients pass where ReLU let the value pass.
void relu_backward(const Tensor& gradients, const Tensor& values) {
    with_type(values.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto value = values.span<const T>();
        const auto gradient = gradients.span<T>();
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (to_double(value[i]) <= 0) gradient[i] = zero;
        }
    });
}

void column_sums(const Tensor& matrix, const Tensor& sums) {
    with_type(matrix.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto from = matrix.span<const T>();
        const auto to = sums.span<T>();
        std::vector<double> total(to.size());
        for (std::size_t i = 0; i < from.size(); i += total.size()) {
            for (std::size_t c = 0; c < total.size(); ++c) total[c] += to_double(from[i + c]);
        }
        std::transform(total.begin(), total.end(), to.begin(), from_double<T>);
    });
}

/// A row of logits as probabilities; answers log(sum(exp(logit - largest))) + largest.
double softmax(std::span<double> row) {
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& value : row) sum += std::exp(value - largest);
    const double log_sum = largest + std::log(sum);
    for (double& value : row) value = std::exp(value - log_sum);
    return log_sum;
}

void loss_gradient(const Tensor& logits, std::span<const std::int32_t> labels, const Tensor& gradient) {
    with_type(logits.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto from = logits.span<const T>();
        const auto to = gradient.span<T>();
        std::vector<double> row(columns_of(logits));
        for (std::size_t r = 0; r < labels.size(); ++r) {
            const std::size_t begin = r * row.size();
            for (std::size_t c = 0; c < row.size(); ++c) row[c] = to_double(from[begin + c]);
            softmax(row);
            row[static_cast<std::size_t>(labels[r])] -= 1;
            for (std::size_t c = 0; c < row.size(); ++c) to[begin + c] = from_double<T>(row[c] / static_cast<double>(labels.size()));
        }
    });
}

/// Adds the losses, and the number of right answers.
void add_score(const Tensor& logits, std::span<const std::int32_t> labels, Score& total) {
    with_type(logits.dtype(), [&](auto zero) {
        const auto from = logits.span<const decltype(zero)>();
        std::vector<double> row(columns_of(logits));
        for (std::size_t r = 0; r < labels.size(); ++r) {
            for (std::size_t c = 0; c < row.size(); ++c) row[c] = to_double(from[r * row.size() + c]);
            const auto label = static_cast<std::size_t>(labels[r]);
            const double logit = row[label];
            const auto answer = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
            total.accuracy += answer == label && !std::isnan(logit);
            total.loss += softmax(row) - logit;
        }
    });
}

/// Uniform within `bound` of 0.
Tensor random(const Shape& shape, double bound, DType dtype, Generator& generator) {
    const Tensor values = empty(shape, DType::f64);
    for (double& value : values.span<double>()) value = (2 * generator.uniform() - 1) * bound;
    return values.to(dtype);
}

}  // namespace

Mlp::Mlp(std::vector<std::int64_t> sizes, DType dtype) : sizes_(std::move(sizes)), dtype_(dtype) {}

Parameters Mlp::make_parameters(std::uint64_t seed) const {
    Generator generator(seed, 0);
    Parameters parameters;
    for (std::size_t i = 0; i < layers(); ++i) {
        const double bound = 1 / std::sqrt(static_cast<double>(sizes_[i]));
        for (const auto& [name, shape] : {std::pair("weight", Shape(sizes_[i + 1], sizes_[i])), std::pair("bias", Shape(sizes_[i + 1]))}) {
            parameters.emplace_back(fmt::format("layers.{}.{}", i, name), random(shape, bound, dtype_, generator), zeros(shape, dtype_));
        }
    }
    return parameters;
}

std::int64_t Mlp::weights() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < layers(); ++i) sum += (sizes_[i] + 1) * sizes_[i + 1];
    return sum;
}

void Mlp::learn(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels) {
    forward(parameters, inputs);
    const auto rows = static_cast<std::int64_t>(labels.size());
    loss_gradient(matrix(outputs_, layers() - 1, rows), labels, matrix(gradients_, layers() - 1, rows));
    backward(parameters, inputs);
}

Score Mlp::score(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels) {
    Score total;
    const auto rows = static_cast<std::int64_t>(labels.size());
    for (std::int64_t begin = 0; begin < rows; begin += rows_at_a_time) {
        const std::int64_t count = std::min(rows_at_a_time, rows - begin);
        forward(parameters, rows_of(inputs, begin, count));
        add_score(matrix(outputs_, layers() - 1, count), labels.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)), total);
    }
    return {total.loss / static_cast<double>(rows), total.accuracy / static_cast<double>(rows)};
}

void Mlp::reserve(std::int64_t rows) {
    if (rows <= capacity_) return;
    outputs_.clear();
    gradients_.clear();
    for (std::size_t i = 0; i < layers(); ++i) {
        outputs_.push_back(empty({rows, sizes_[i + 1]}, dtype_));
        gradients_.push_back(empty({rows, sizes_[i + 1]}, dtype_));
    }
    capacity_ = rows;
}

void Mlp::forward(const Parameters& parameters, const Tensor& inputs) {
    const std::int64_t rows = inputs.shape()[0];
    reserve(rows);
    for (std::size_t i = 0; i < layers(); ++i) {
        const Tensor output = matrix(outputs_, i, rows);
        fill_rows(output, parameters[2 * i + 1].data());
        linalg::gemm(output, i == 0 ? inputs : matrix(outputs_, i - 1, rows), Transpose::no, parameters[2 * i].data(), Transpose::yes, 1, 1);
        if (i + 1 < layers()) relu(output);
    }
}

void Mlp::backward(const Parameters& parameters, const Tensor& inputs) {
    const std::int64_t rows = inputs.shape()[0];
    for (std::size_t i = layers(); i-- > 0;) {
        const Tensor gradient = matrix(gradients_, i, rows);
        linalg::gemm(parameters[2 * i].grad(), gradient, Transpose::yes, i == 0 ? inputs : matrix(outputs_, i - 1, rows), Transpose::no);
        column_sums(gradient, parameters[2 * i + 1].grad());
        if (i == 0) return;
        linalg::gemm(matrix(gradients_, i - 1, rows), gradient, Transpose::no, parameters[2 * i].data(), Transpose::no);
        relu_backward(matrix(gradients_, i - 1, rows), matrix(outputs_, i - 1, rows));
    }
}

Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t count) {
    const std::int64_t width = matrix.shape()[1];
    auto* memory = static_cast<std::byte*>(matrix.mutable_data()) + static_cast<std::size_t>(begin * width) * item_size(matrix.dtype());
    return borrow(static_cast<void*>(memory), matrix.dtype(), {count, width});
}

}  // namespace ravine::tools
