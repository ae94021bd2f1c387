#include <ravine/runtime/sparse.h>

#include "device_lines.h"
#include "floating_point.h"
#include "invalid.h"
#include "strided.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

namespace ravine::inline v0 {
namespace {

std::string kind_of(const Tensor& tensor) { return fmt::format("{} {}", name(tensor.dtype()), tensor.shape().to_string()); }

void check_parts(const Tensor& indices, const Tensor& values, const Shape& shape) {
    constexpr std::string_view who = "SparseTensor";
    if (!indices.defined() || !values.defined()) invalid(who, "indices and values must be tensors", "an undefined one");
    if (indices.dtype() != DType::i64 || indices.dim() != 2) invalid(who, "indices must be int64 of 2 dimensions", kind_of(indices));
    if (!is_floating_point(values.dtype())) invalid(who, "values must be floating-point", name(values.dtype()));
    if (indices.device() != Device{} && indices.device() != values.device()) {
        invalid(who, "indices must be on the CPU or where the values are, on " + name(values.device()), name(indices.device()));
    }
    const std::int64_t sparse = indices.shape()[0], count = indices.shape()[1];
    const auto dims = static_cast<std::int64_t>(shape.size());
    if (sparse > dims) invalid(who, fmt::format("indices must have at most {} rows for shape {}", dims, shape.to_string()), kind_of(indices));
    std::vector<std::int64_t> expected = {count};
    expected.insert(expected.end(), shape.begin() + sparse, shape.end());
    if (values.shape() == Shape(expected)) return;
    invalid(who, fmt::format("values must have shape {}", Shape(expected).to_string()), values.shape().to_string());
}

void check_sizes(const Shape& shape) {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) {
        if (size < 0) invalid("SparseTensor", "sizes must be >= 0", shape.to_string());
        if (__builtin_mul_overflow(product, std::max<std::int64_t>(size, 1), &product)) {
            invalid("SparseTensor", "sizes must not overflow 64 bits", shape.to_string());
        }
    }
}

bool are_sorted_and_distinct(const std::vector<std::int64_t>& places) {
    return std::adjacent_find(places.begin(), places.end(), std::greater_equal<>()) == places.end();
}

Tensor row_major(Tensor tensor, const Context& context) { return tensor.is_contiguous() ? tensor : tensor.clone(context); }

template <class T> void add(std::byte* sum, const std::byte* value, std::int64_t count) noexcept {
    using traits = kernels::storage_traits<T>;
    auto* to = reinterpret_cast<T*>(sum);
    const auto* from = reinterpret_cast<const T*>(value);
    for (std::int64_t i = 0; i < count; ++i) to[i] = traits::narrow(traits::widen(to[i]) + traits::widen(from[i]));
}

using Add = void(std::byte*, const std::byte*, std::int64_t) noexcept;
/// For the dtypes in their order.
constexpr Add* additions[] = {&add<double>, &add<float>, &add<bf16>, &add<f16>};

/// `sums` has the first line of each sum already: adds the others, as sum_lines does on a device.
void add_lines(const Tensor& values, std::span<const std::int64_t> order, std::span<const std::int64_t> starts, std::int64_t length, const Tensor& sums) {
    const auto bytes = length * static_cast<std::int64_t>(item_size(values.dtype()));
    const auto* from = static_cast<const std::byte*>(values.data());
    auto* to = static_cast<std::byte*>(sums.mutable_data());
    const DefaultFloatingPoint mode;
    for (std::size_t s = 0; s + 1 < starts.size(); ++s, to += bytes) {
        for (const std::int64_t line : order.subspan(static_cast<std::size_t>(starts[s]) + 1, static_cast<std::size_t>(starts[s + 1] - starts[s] - 1))) {
            additions[static_cast<std::size_t>(values.dtype())](to, from + line * bytes, length);
        }
    }
}

/// Where each number is last, and the numbers there.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> last_of_each(const std::vector<std::int64_t>& numbers) {
    std::unordered_map<std::int64_t, std::size_t> last;
    for (std::size_t i = 0; i < numbers.size(); ++i) last[numbers[i]] = i;
    std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> result;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (last[numbers[i]] != i) continue;
        result.first.push_back(static_cast<std::int64_t>(i));
        result.second.push_back(numbers[i]);
    }
    return result;
}

}  // namespace

SparseTensor::SparseTensor(Tensor indices, Tensor values, Shape shape, bool coalesced, const Context& context) {
    check_sizes(shape);
    check_parts(indices, values, shape);
    indices_ = row_major(std::move(indices), context);
    values_ = row_major(std::move(values), context);
    shape_ = std::move(shape);
    coalesced_ = coalesced;
    const std::vector<std::int64_t> checked = places(context);
    if (!coalesced || are_sorted_and_distinct(checked)) return;
    invalid("SparseTensor", "places must be distinct and in row-major order where coalesced is set", "others");
}

std::int64_t SparseTensor::value_count() const noexcept {
    std::int64_t count = 1;
    for (std::size_t d = sparse_dim(); d < shape_.size(); ++d) count *= shape_[d];
    return count;
}

std::vector<std::int64_t> SparseTensor::places(const Context& context) const {
    std::vector<std::int64_t> result(static_cast<std::size_t>(nnz()));
    const Tensor indices = host_indices(context);
    const auto* index = static_cast<const std::int64_t*>(indices.data());
    for (std::size_t d = 0; d < sparse_dim(); ++d) {
        for (std::int64_t& place : result) {
            if (*index < 0 || *index >= shape_[d]) {
                invalid("SparseTensor", fmt::format("indices of dimension {} must be from 0 to {}", d, shape_[d] - 1), std::to_string(*index));
            }
            place = place * shape_[d] + *index++;
        }
    }
    return result;
}

/// The inverse of `places`.
Tensor SparseTensor::indices_of(const std::vector<std::int64_t>& places, const Context& context) const {
    const Tensor result = empty({static_cast<std::int64_t>(sparse_dim()), static_cast<std::int64_t>(places.size())}, DType::i64, context);
    auto* indices = static_cast<std::int64_t*>(result.mutable_data());
    for (std::size_t i = 0; i < places.size(); ++i) {
        std::int64_t rest = places[i];
        for (std::size_t d = sparse_dim(); d-- > 0; rest /= shape_[d]) indices[d * places.size() + i] = rest % shape_[d];
    }
    return result;
}

SparseTensor SparseTensor::picked(std::span<const std::int64_t> which, const Context& context) const {
    Shape shape = values_.shape();
    shape[0] = static_cast<std::int64_t>(which.size());
    SparseTensor result = *this;
    result.coalesced_ = false;
    result.indices_ = empty({sparse_dim(), which.size()}, DType::i64, context);
    result.values_ = empty(shape, dtype(), device(), context);
    const Tensor old_indices = host_indices(context);
    const auto* old_index = static_cast<const std::int64_t*>(old_indices.data());
    auto* index = static_cast<std::int64_t*>(result.indices_.mutable_data());
    for (std::size_t d = 0; d < sparse_dim(); ++d, old_index += nnz()) {
        for (const std::int64_t old : which) *index++ = old_index[old];
    }
    const std::int64_t count = value_count();
    if (!on_host()) {
        gather_lines(values_, which, count, result.values_, context);
        return result;
    }
    const std::size_t bytes = static_cast<std::size_t>(count) * item_size(dtype());
    auto* to = static_cast<std::byte*>(result.values_.mutable_data());
    for (std::size_t i = 0; bytes > 0 && i < which.size(); ++i) {
        std::memcpy(to + i * bytes, static_cast<const std::byte*>(values_.data()) + static_cast<std::size_t>(which[i]) * bytes, bytes);
    }
    return result;
}

SparseTensor SparseTensor::coalesce(const Context& context) const {
    const std::vector<std::int64_t> place = places(context);
    if (are_sorted_and_distinct(place)) {
        SparseTensor result = *this;
        result.indices_ = host_indices(context);
        result.coalesced_ = true;
        return result;
    }
    std::vector<std::int64_t> order(place.size()), first, starts;
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto at = [&](std::int64_t i) { return place[static_cast<std::size_t>(i)]; };
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return std::pair(at(a), a) < std::pair(at(b), b); });
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0 && at(order[i]) == at(order[i - 1])) continue;
        first.push_back(order[i]);
        starts.push_back(static_cast<std::int64_t>(i));
    }
    starts.push_back(static_cast<std::int64_t>(order.size()));
    SparseTensor result = picked(first, context);
    result.coalesced_ = true;
    if (on_host()) add_lines(values_, order, starts, value_count(), result.values_);
    else sum_lines(values_, order, starts, value_count(), result.values_, context);
    return result;
}

std::vector<SparseTensor> SparseTensor::rounds(const Context& context) const {
    const std::vector<std::int64_t> place = places(context);
    std::unordered_map<std::int64_t, std::size_t> times;
    std::vector<std::vector<std::int64_t>> which;
    for (std::size_t i = 0; i < place.size(); ++i) {
        const std::size_t round = times[place[i]]++;
        if (round == which.size()) which.emplace_back();
        which[round].push_back(static_cast<std::int64_t>(i));
    }
    std::vector<SparseTensor> result;
    for (const auto& round : which) result.push_back(picked(round, context));
    return result;
}

SparseTensor SparseTensor::clone(const Context& context) const {
    SparseTensor result = *this;
    result.indices_ = indices_.device() == Device{} ? indices_.clone(context) : host_indices(context);
    result.values_ = values_.clone(context);
    return result;
}

SparseTensor SparseTensor::with_values(Tensor values) const {
    if (!values.defined() || !(values.shape() == values_.shape()) || values.device() != device() || !is_floating_point(values.dtype())) {
        invalid("SparseTensor.with_values", fmt::format("values must be floating-point, {} on {}", values_.shape().to_string(), name(device())),
                values.defined() ? kind_of(values) + " on " + name(values.device()) : "an undefined one");
    }
    SparseTensor result = *this;
    result.values_ = row_major(std::move(values), {});
    return result;
}

SparseTensor SparseTensor::to(Device device, const Context& context) const {
    SparseTensor result = *this;
    result.indices_ = host_indices(context);
    result.values_ = values_.to(device, context);
    return result;
}

SparseTensor SparseTensor::emptied(const Context& context) const {
    SparseTensor result = picked({}, context);
    result.coalesced_ = true;
    return result;
}

void SparseTensor::check_dense(std::string_view who, const Tensor& dense) const {
    if (!dense.defined() || !(dense.shape() == shape_)) {
        invalid(who, "the dense tensor must have shape " + shape_.to_string(), dense.defined() ? dense.shape().to_string() : "an undefined one");
    }
    if (dense.device() != device()) invalid(who, "the dense tensor must be on " + name(device()), name(dense.device()));
}

Tensor SparseTensor::gather(const Tensor& dense, const Context& context) const {
    check_dense("SparseTensor.gather", dense);
    const Tensor result = empty(values_.shape(), dense.dtype(), device(), context);
    const std::vector<std::int64_t> lines = places(context);
    const std::int64_t count = value_count();
    if (!on_host()) {
        gather_lines(dense, lines, count, result, context);
        return result;
    }
    const std::size_t item = item_size(dense.dtype());
    if (count == 0) return result;
    const StridedCursor cursor(dense.shape(), dense.strides());
    auto* to = static_cast<std::byte*>(result.mutable_data());
    for (const std::int64_t line : lines) {
        cursor.gather(static_cast<const std::byte*>(dense.data()), line * count, count, item, to);
        to += static_cast<std::size_t>(count) * item;
    }
    return result;
}

void SparseTensor::scatter(const Tensor& values, const Tensor& dense, const Context& context) const {
    constexpr std::string_view who = "SparseTensor.scatter";
    check_dense(who, dense);
    if (!values.defined() || values.dtype() != dense.dtype() || !(values.shape() == values_.shape()) || values.device() != device()) {
        invalid(who, fmt::format("values must be {} {} on {}", name(dense.dtype()), values_.shape().to_string(), name(device())),
                values.defined() ? kind_of(values) + " on " + name(values.device()) : "an undefined one");
    }
    auto* to = static_cast<std::byte*>(dense.mutable_data());
    const std::int64_t count = value_count();
    const Tensor flat = row_major(values, context);
    const std::vector<std::int64_t> lines = places(context);
    if (!on_host()) {
        const auto [last, distinct] = last_of_each(lines);
        scatter_lines(flat, last, distinct, count, dense, context);
        return;
    }
    if (count == 0) return;
    const std::size_t item = item_size(dense.dtype());
    const StridedCursor cursor(dense.shape(), dense.strides());
    const auto* from = static_cast<const std::byte*>(flat.data());
    for (const std::int64_t line : lines) {
        cursor.scatter(from, line * count, count, item, to);
        from += static_cast<std::size_t>(count) * item;
    }
}

Tensor SparseTensor::to_dense(const Context& context) const {
    const Tensor result = zeros(shape_, dtype(), device(), context);
    const SparseTensor sums = coalesce(context);
    sums.scatter(foreach::add(std::span(&sums.values(), 1), 0, context)[0], result, context);  // to zeros: -0 becomes 0
    return result;
}

}  // namespace ravine::inline v0
