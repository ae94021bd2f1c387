#pragma once
#include <ravine/kernels/half.h>
#include <ravine/kernels/reduction.h>

#include <cstddef>
#include <cstdint>

namespace ravine::inline v0::foreach {

/// The running sums of one block of consecutive elements, joined.
template <class Kind, class Storage> double reduce_block(const std::byte* memory, std::int64_t count) noexcept {
    using kernels::running_sums;
    const auto* values = reinterpret_cast<const Storage*>(memory);
    const auto wide = [&](std::int64_t i) { return static_cast<double>(kernels::storage_traits<Storage>::widen(values[i])); };
    double sums[running_sums] = {};
    std::int64_t i = 0;
    for (; i + running_sums <= count; i += running_sums) {
        for (std::int64_t j = 0; j < running_sums; ++j) sums[j] = Kind::join(sums[j], wide(i + j));
    }
    for (std::int64_t j = 0; i + j < count; ++j) sums[j] = Kind::join(sums[j], wide(i + j));
    return kernels::tree_value<Kind, kernels::running_sum_levels>(sums, running_sums, 0);
}

}  // namespace ravine::inline v0::foreach
