#include <ravine/runtime/linalg.h>

#include "invalid.h"
#include "reduction_blocks.h"
#include "workers.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace ravine::inline v0::linalg {
namespace {

using kernels::reduction_block;
using kernels::running_sums;

constexpr std::string_view dot_name = "dot";

void check_vector(std::string_view name, const Tensor& vector) {
    if (!vector.defined()) invalid(dot_name, fmt::format("{} must be a tensor", name), "an undefined one");
    if (vector.dim() != 1) invalid(dot_name, fmt::format("{} must be a vector", name), "shape " + vector.shape().to_string());
    if (vector.dtype() != DType::f64 && vector.dtype() != DType::f32) invalid(dot_name, fmt::format("{} must be float64 or float32", name), ravine::name(vector.dtype()));
    if (!vector.is_contiguous()) invalid(dot_name, fmt::format("{} must be contiguous", name), "strides " + vector.strides().to_string());
}

void check(const Tensor& a, const Tensor& b) {
    check_vector("a", a);
    check_vector("b", b);
    if (a.dtype() != b.dtype()) invalid(dot_name, fmt::format("b must be {} like a", ravine::name(a.dtype())), ravine::name(b.dtype()));
    if (a.device() != b.device()) invalid(dot_name, fmt::format("b must be on {} like a", ravine::name(a.device())), ravine::name(b.device()));
    if (!(a.shape() == b.shape())) invalid(dot_name, fmt::format("b must have {} elements like a", a.numel()), fmt::format("{}", b.numel()));
}

template <class T> double block_sum(const T* a, const T* b, std::int64_t count) noexcept {
    using kernels::Products;
    double sums[running_sums] = {};
    std::int64_t i = 0;
    for (; i + running_sums <= count; i += running_sums) {
        for (std::int64_t j = 0; j < running_sums; ++j) sums[j] = Products::join(sums[j], static_cast<double>(a[i + j]), static_cast<double>(b[i + j]));
    }
    for (std::int64_t j = 0; i + j < count; ++j) sums[j] = Products::join(sums[j], static_cast<double>(a[i + j]), static_cast<double>(b[i + j]));
    return kernels::tree_value<Products, kernels::running_sum_levels>(sums, running_sums, 0);
}

template <class T> double dot_on_cpu(const Tensor& a, const Tensor& b, const Context& context) {
    const auto *from_a = static_cast<const T*>(a.data()), *from_b = static_cast<const T*>(b.data());
    std::vector<double> sums(static_cast<std::size_t>(kernels::reduction_blocks(a.numel())));
    Workers workers(std::span(&a, 1), context);
    for_each_block(workers.executor(), sums.size(), [&](std::size_t block) {
        const std::int64_t begin = static_cast<std::int64_t>(block) * reduction_block;
        sums[block] = block_sum(from_a + begin, from_b + begin, std::min<std::int64_t>(reduction_block, a.numel() - begin));
    });
    const DefaultFloatingPoint mode;
    return reduce_blocks<kernels::Products>(sums.data(), static_cast<std::int64_t>(sums.size()));
}

}  // namespace

double dot(const Tensor& a, const Tensor& b, const Context& context) {
    check(a, b);
    if (a.device().type == DeviceType::cpu) return a.dtype() == DType::f64 ? dot_on_cpu<double>(a, b, context) : dot_on_cpu<float>(a, b, context);
    const Tensor out = empty({1, 1}, a.dtype(), a.device(), context);
    gemm(out, a.view({1, a.numel()}), Transpose::no, b.view({b.numel(), 1}), Transpose::no, 1, 0, context);
    return out.item(context);
}

}  // namespace ravine::inline v0::linalg
