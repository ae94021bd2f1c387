#include "orthogonal.h"

#include <ravine/runtime/linalg.h>

#include <algorithm>
#include <cmath>

namespace ravine::inline v0::optim {
namespace {

using foreach::TensorList;
using foreach::Tensors;
using linalg::Transpose;

/// Matrices of one shape after those with more rows than columns were transposed, one after the other in memory.
struct Stack {
    Device device;
    std::int64_t rows, columns;
    std::vector<std::size_t> members;  ///< of the list that they come from
    Tensor matrices;                   ///< bfloat16, (members, rows, columns)

    std::int64_t count() const noexcept { return static_cast<std::int64_t>(members.size()); }
    /// Member m in the shape that it had.
    Tensor view(std::size_t m, bool transposed) const {
        const auto bytes = static_cast<std::size_t>(rows * columns) * item_size(matrices.dtype());
        auto* first = static_cast<std::byte*>(matrices.mutable_data()) + m * bytes;
        if (transposed) return borrow(static_cast<void*>(first), matrices.dtype(), {columns, rows}, {.strides = {1, columns}, .device = device});
        return borrow(static_cast<void*>(first), matrices.dtype(), {rows, columns}, {.device = device});
    }
};

bool is_tall(const Tensor& matrix) { return matrix.shape()[0] > matrix.shape()[1]; }

std::vector<Stack> stacks_of(TensorList matrices) {
    std::vector<Stack> stacks;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        if (matrices[i].numel() == 0) continue;
        const Shape& shape = matrices[i].shape();
        const std::int64_t rows = std::min(shape[0], shape[1]), columns = std::max(shape[0], shape[1]);
        const auto fits = [&](const Stack& stack) {
            return stack.device == matrices[i].device() && stack.rows == rows && stack.columns == columns;
        };
        auto stack = std::find_if(stacks.begin(), stacks.end(), fits);
        if (stack == stacks.end()) stack = stacks.insert(stack, {matrices[i].device(), rows, columns, {}, {}});
        stack->members.push_back(i);
    }
    return stacks;
}

/// Calls `visit` with every matrix of the list and where it lies in its stack.
template <class Visit> void for_each_member(const std::vector<Stack>& stacks, TensorList matrices, const Visit& visit) {
    for (const Stack& stack : stacks) {
        for (std::size_t m = 0; m < stack.members.size(); ++m) visit(stack.members[m], stack.view(m, is_tall(matrices[stack.members[m]])));
    }
}

/// Divides each matrix by its norm, which is rounded to bfloat16 as torch's is.
void normalize(const Tensors& views, double eps, const Context& context) {
    const auto rounded = [](double value) { return scalar_tensor(value, DType::bf16).item(); };
    std::vector<double> norms = foreach::norms(views, 2, context);
    for (double& norm : norms) norm = std::isnan(norm) ? norm : std::max(rounded(eps), rounded(norm));
    foreach::div_(views, norms, context);
}

void iterate(Stack& stack, const NewtonSchulz& iteration, const Context& context) {
    const auto [a, b, c] = iteration.coefficients;
    const Tensor square = empty({stack.count(), stack.rows, stack.rows}, DType::bf16, stack.device, context);
    const Tensor polynomial = empty(square.shape(), DType::bf16, stack.device, context);
    Tensor next = empty(stack.matrices.shape(), DType::bf16, stack.device, context);
    for (std::int64_t i = 0; i < iteration.steps; ++i) {
        linalg::gemm(square, stack.matrices, Transpose::no, stack.matrices, Transpose::yes, 1, 0, context);
        polynomial.copy_(square, context);
        linalg::gemm(polynomial, square, Transpose::no, square, Transpose::no, c, b, context);
        next.copy_(stack.matrices, context);
        linalg::gemm(next, polynomial, Transpose::no, stack.matrices, Transpose::no, 1, a, context);
        std::swap(next, stack.matrices);
    }
}

}  // namespace

Tensors orthogonal(TensorList matrices, const NewtonSchulz& iteration, const Context& context) {
    std::vector<Stack> stacks = stacks_of(matrices);
    for (Stack& stack : stacks) stack.matrices = empty({stack.count(), stack.rows, stack.columns}, DType::bf16, stack.device, context);
    Tensors sources, views;
    for_each_member(stacks, matrices, [&](std::size_t i, const Tensor& view) {
        sources.push_back(matrices[i]);
        views.push_back(view);
    });
    foreach::copy_(views, sources, context);
    normalize(views, iteration.eps, context);
    for (Stack& stack : stacks) iterate(stack, iteration, context);

    Tensors result;
    for (const Tensor& matrix : matrices) result.push_back(empty(matrix.shape(), matrix.dtype(), matrix.device(), context));
    for_each_member(stacks, matrices, [&](std::size_t i, const Tensor& view) {
        result[i].copy_(view.dtype() == result[i].dtype() ? view : view.to(result[i].dtype(), context), context);
    });
    return result;
}

}  // namespace ravine::inline v0::optim
