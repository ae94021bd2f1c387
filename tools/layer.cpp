#include "layer.h"

#include "elements.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/linalg.h>

#include <algorithm>
#include <vector>

namespace ravine::tools {
namespace {

using linalg::Transpose;

bool on_host(const Tensor& tensor) { return tensor.device().type == DeviceType::cpu; }

foreach::TensorList list_of(const Tensor& tensor) { return {&tensor, 1}; }

void relu_on_host(const Tensor& values) {
    with_type(values.dtype(), [&](auto zero) {
        for (auto& value : values.span<decltype(zero)>()) {
            if (to_double(value) < 0) value = zero;
        }
    });
}

void relu_backward_on_host(const Tensor& gradients, const Tensor& values) {
    with_type(values.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto value = values.span<const T>();
        const auto gradient = gradients.span<T>();
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (to_double(value[i]) <= 0) gradient[i] = zero;
        }
    });
}

void column_sums_on_host(const Tensor& matrix, const Tensor& sums) {
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

}  // namespace

Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t count) {
    const std::int64_t width = matrix.shape()[1];
    auto* memory = static_cast<std::byte*>(matrix.mutable_data()) + static_cast<std::size_t>(begin * width) * item_size(matrix.dtype());
    return borrow(static_cast<void*>(memory), matrix.dtype(), {count, width}, {.device = matrix.device()});
}

void fill_rows(const Tensor& matrix, const Tensor& bias, const Context& context) {
    // With a stride of 0 the bias is a matrix of equal rows.
    matrix.copy_(borrow(bias.data(), bias.dtype(), matrix.shape(), {.strides = {0, 1}, .device = bias.device()}), context);
}

void relu(const Tensor& values, const Context& context) {
    if (on_host(values)) return relu_on_host(values);
    foreach::maximum_(list_of(values), 0, context);
}

void relu_backward(const Tensor& gradients, const Tensor& values, const Context& context) {
    if (on_host(values)) return relu_backward_on_host(gradients, values);
    // After ReLU the sign is 1 or 0.
    foreach::mul_(list_of(gradients), foreach::sign(list_of(values), context), context);
}

void column_sums(const Tensor& matrix, const Tensor& ones, const Tensor& sums, const Context& context) {
    if (on_host(matrix)) return column_sums_on_host(matrix, sums);
    linalg::gemm(sums.view({1, sums.numel()}), ones.view({1, ones.numel()}), Transpose::no, matrix, Transpose::no, 1, 0, context);
}

}  // namespace ravine::tools
