#include <ravine/runtime/sparse.h>

#include "invalid.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

namespace ravine::inline v0 {
namespace {

/// Two lists of places in one, and where the places of each are in it.
struct Merge {
    std::vector<std::int64_t> places, left, right;
};
Merge merged(const std::vector<std::int64_t>& left, const std::vector<std::int64_t>& right) {
    Merge result;
    const auto take = [&](const std::vector<std::int64_t>& from, std::vector<std::int64_t>& to) {
        const std::int64_t place = from[to.size()];
        to.push_back(static_cast<std::int64_t>(result.places.size()));
        return place;
    };
    while (result.left.size() < left.size() || result.right.size() < right.size()) {
        const bool has_left = result.left.size() < left.size(), has_right = result.right.size() < right.size();
        const bool takes_left = has_left && (!has_right || left[result.left.size()] <= right[result.right.size()]);
        const bool takes_right = has_right && (!has_left || right[result.right.size()] <= left[result.left.size()]);
        std::int64_t place = 0;
        if (takes_left) place = take(left, result.left);
        if (takes_right) place = take(right, result.right);
        result.places.push_back(place);
    }
    return result;
}

}  // namespace

SparseTensor SparseTensor::add(const SparseTensor& other, double alpha, const Context& context) const {
    constexpr std::string_view who = "SparseTensor.add";
    if (!(other.shape_ == shape_) || other.sparse_dim() != sparse_dim() || other.dtype() != dtype() || other.device() != device()) {
        invalid(who, fmt::format("the other must be {} {} on {} with {} sparse dimensions", name(dtype()), shape_.to_string(), name(device()), sparse_dim()),
                fmt::format("{} {} on {} with {}", name(other.dtype()), other.shape_.to_string(), name(other.device()), other.sparse_dim()));
    }
    if (other.nnz() == 0) return clone(context);
    if (nnz() == 0) return other.clone(context).with_values(foreach::mul(std::span(&other.values_, 1), alpha, context)[0]);
    const std::vector<std::int64_t> left = places(context), right = other.places(context);
    const Merge merge = merged(left, right);
    SparseTensor result = *this;
    result.coalesced_ = counts_as_coalesced() && other.counts_as_coalesced();
    const auto count = static_cast<std::int64_t>(merge.places.size());
    result.indices_ = indices_of(merge.places, context);
    Shape shape = values_.shape();
    shape[0] = count;
    result.values_ = zeros(shape, dtype(), device(), context);
    // The values, line by line, are themselves dense.
    const auto lines_of = [&](const std::vector<std::int64_t>& lines, const Tensor& values) {
        const Tensor numbers = borrow(lines.data(), {1, static_cast<std::int64_t>(lines.size())});
        return SparseTensor(numbers, values, shape);
    };
    const SparseTensor own = lines_of(merge.left, values_), others = lines_of(merge.right, other.values_);
    own.scatter(values_, result.values_, context);
    foreach::add_(std::span(&result.values_, 1), 0, context);  // torch adds them to 0, so that -0 becomes 0
    const Tensor sums[] = {others.gather(result.values_, context)};
    foreach::add_(sums, std::span(&other.values_, 1), alpha, context);
    others.scatter(sums[0], result.values_, context);
    return result;
}

}  // namespace ravine::inline v0
