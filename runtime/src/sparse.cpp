#include <ravine/runtime/sparse.h>

#include "floating_point.h"
#include "invalid.h"
#include "strided.h"

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
    for (const Tensor* part : {&indices, &values}) {
        if (part->device() != Device{}) invalid(who, "indices and values must be on the CPU", name(part->device()));
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

Tensor row_major(Tensor tensor) { return tensor.is_contiguous() ? tensor : tensor.clone(); }

template <class T> void add(std::byte* sum, const std::byte* value, std::int64_t count) noexcept {
    using traits = kernels::storage_traits<T>;
    auto* to = reinterpret_cast<T*>(sum);
    const auto* from = reinterpret_cast<const T*>(value);
    for (std::int64_t i = 0; i < count; ++i) to[i] = traits::narrow(traits::widen(to[i]) + traits::widen(from[i]));
}

using Add = void(std::byte*, const std::byte*, std::int64_t) noexcept;
/// For the dtypes in their order.
constexpr Add* additions[] = {&add<double>, &add<float>, &add<bf16>, &add<f16>};

}  // namespace

SparseTensor::SparseTensor(Tensor indices, Tensor values, Shape shape, bool coalesced) {
    check_sizes(shape);
    check_parts(indices, values, shape);
    indices_ = row_major(std::move(indices));
    values_ = row_major(std::move(values));
    shape_ = std::move(shape);
    coalesced_ = coalesced;
    const std::vector<std::int64_t> checked = places();
    if (!coalesced || are_sorted_and_distinct(checked)) return;
    invalid("SparseTensor", "places must be distinct and in row-major order where coalesced is set", "others");
}

std::size_t SparseTensor::value_bytes(DType dtype) const noexcept {
    std::size_t bytes = item_size(dtype);
    for (std::size_t d = sparse_dim(); d < shape_.size(); ++d) bytes *= static_cast<std::size_t>(shape_[d]);
    return bytes;
}

std::vector<std::int64_t> SparseTensor::places() const {
    std::vector<std::int64_t> result(static_cast<std::size_t>(nnz()));
    const auto* index = static_cast<const std::int64_t*>(indices_.data());
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

SparseTensor SparseTensor::picked(std::span<const std::size_t> which, const Context& context) const {
    Shape shape = values_.shape();
    shape[0] = static_cast<std::int64_t>(which.size());
    SparseTensor result = *this;
    result.coalesced_ = false;
    result.indices_ = empty({sparse_dim(), which.size()}, DType::i64, context);
    result.values_ = empty(shape, dtype(), context);
    const auto count = static_cast<std::size_t>(nnz());
    const auto* old_index = static_cast<const std::int64_t*>(indices_.data());
    auto* index = static_cast<std::int64_t*>(result.indices_.mutable_data());
    for (std::size_t d = 0; d < sparse_dim(); ++d) {
        for (const std::size_t old : which) *index++ = old_index[d * count + old];
    }
    const std::size_t bytes = value_bytes(dtype());
    auto* to = static_cast<std::byte*>(result.values_.mutable_data());
    for (std::size_t i = 0; bytes > 0 && i < which.size(); ++i) {
        std::memcpy(to + i * bytes, static_cast<const std::byte*>(values_.data()) + which[i] * bytes, bytes);
    }
    return result;
}

SparseTensor SparseTensor::coalesce(const Context& context) const {
    const std::vector<std::int64_t> place = places();
    if (are_sorted_and_distinct(place)) {
        SparseTensor result = *this;
        result.coalesced_ = true;
        return result;
    }
    std::vector<std::size_t> order(place.size()), first;
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::pair(place[a], a) < std::pair(place[b], b); });
    const auto repeats = [&](std::size_t i) { return i > 0 && place[order[i]] == place[order[i - 1]]; };
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (!repeats(i)) first.push_back(order[i]);
    }
    SparseTensor result = picked(first, context);
    result.coalesced_ = true;
    const auto* from = static_cast<const std::byte*>(values_.data());
    auto* to = static_cast<std::byte*>(result.values_.mutable_data());
    const std::size_t bytes = value_bytes(dtype());
    const DefaultFloatingPoint mode;
    for (std::size_t i = 0, rows = 0; i < order.size(); ++i) {
        if (!repeats(i)) ++rows;
        else additions[static_cast<std::size_t>(dtype())](to + (rows - 1) * bytes, from + order[i] * bytes, static_cast<std::int64_t>(bytes / item_size(dtype())));
    }
    return result;
}

std::vector<SparseTensor> SparseTensor::rounds(const Context& context) const {
    const std::vector<std::int64_t> place = places();
    std::unordered_map<std::int64_t, std::size_t> times;
    std::vector<std::vector<std::size_t>> which;
    for (std::size_t i = 0; i < place.size(); ++i) {
        const std::size_t round = times[place[i]]++;
        if (round == which.size()) which.emplace_back();
        which[round].push_back(i);
    }
    std::vector<SparseTensor> result;
    for (const auto& round : which) result.push_back(picked(round, context));
    return result;
}

SparseTensor SparseTensor::emptied(const Context& context) const {
    Shape shape = values_.shape();
    shape[0] = 0;
    SparseTensor result = *this;
    result.coalesced_ = true;
    result.indices_ = empty({sparse_dim(), 0}, DType::i64, context);
    result.values_ = empty(shape, dtype(), context);
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
    const Tensor result = empty(values_.shape(), dense.dtype(), context);
    const std::size_t bytes = value_bytes(dense.dtype()), item = item_size(dense.dtype());
    if (bytes == 0) return result;
    const auto count = static_cast<std::int64_t>(bytes / item);
    const StridedCursor cursor(dense.shape(), dense.strides());
    auto* to = static_cast<std::byte*>(result.mutable_data());
    for (const std::int64_t place : places()) {
        cursor.gather(static_cast<const std::byte*>(dense.data()), place * count, count, item, to);
        to += bytes;
    }
    return result;
}

void SparseTensor::scatter(const Tensor& values, const Tensor& dense) const {
    constexpr std::string_view who = "SparseTensor.scatter";
    check_dense(who, dense);
    if (!values.defined() || values.dtype() != dense.dtype() || !(values.shape() == values_.shape()) || values.device() != device()) {
        invalid(who, fmt::format("values must be {} {} on {}", name(dense.dtype()), values_.shape().to_string(), name(device())),
                values.defined() ? kind_of(values) + " on " + name(values.device()) : "an undefined one");
    }
    const std::size_t bytes = value_bytes(dense.dtype()), item = item_size(dense.dtype());
    auto* to = static_cast<std::byte*>(dense.mutable_data());
    if (bytes == 0) return;
    const auto count = static_cast<std::int64_t>(bytes / item);
    const Tensor flat = row_major(values);
    const StridedCursor cursor(dense.shape(), dense.strides());
    const auto* from = static_cast<const std::byte*>(flat.data());
    for (const std::int64_t place : places()) {
        cursor.scatter(from, place * count, count, item, to);
        from += bytes;
    }
}

Tensor SparseTensor::to_dense(const Context& context) const {
    const Tensor result = zeros(shape_, dtype(), context);
    const SparseTensor sums = coalesce(context);
    sums.scatter(sums.values(), result);
    return result;
}

}  // namespace ravine::inline v0
