#pragma once
// Sums over the elements of a tensor, in a tree that depends on their number alone: every machine and every number of threads
// gives the same bits. Elements in row-major order are cut into blocks; a block has running sums that take its elements
// in turn; the running sums, and then the sums of the blocks, are joined pairwise.

#include <ravine/kernels/attributes.h>

namespace ravine::inline v0::kernels {

inline constexpr int reduction_block = 4096;
inline constexpr int running_sums = 16;
inline constexpr int running_sum_levels = 4;
static_assert(running_sums == 1 << running_sum_levels);

// What is summed: `join` takes an element in, or a pair of them, `join_sums` joins two sums. But for Sums and Products they are never negative.
struct Magnitudes {
    RAVINE_HD static double join(double sum, double value) { return sum + __builtin_fabs(value); }
    RAVINE_HD static double join_sums(double a, double b) { return a + b; }
};
struct Squares {
    RAVINE_HD static double join(double sum, double value) { return sum + value * value; }
    RAVINE_HD static double join_sums(double a, double b) { return a + b; }
};
struct Sums {
    RAVINE_HD static double join(double sum, double value) { return sum + value; }
    RAVINE_HD static double join_sums(double a, double b) { return a + b; }
};
struct Products {
    RAVINE_HD static double join(double sum, double a, double b) { return sum + a * b; }
    RAVINE_HD static double join_sums(double a, double b) { return a + b; }
};
struct Largest {
    RAVINE_HD static double join(double most, double value) {
        const double magnitude = __builtin_fabs(value);
        return magnitude > most || magnitude != magnitude ? magnitude : most;
    }
    RAVINE_HD static double join_sums(double a, double b) { return join(a, b); }
};

RAVINE_HD long long reduction_blocks(long long elements) { return (elements + reduction_block - 1) / reduction_block; }

/// How many values a tree has `levels` above a level of `count`: each level has half of the one below, rounded up.
RAVINE_HD long long level_count(long long count, int levels) { return (count + (1LL << levels) - 1) >> levels; }

/// Value i, `levels` above the `count` values: in each level value i is that of the level below, joined with the one half
/// of the level further on if there is one. Each i reads values of its own, value i among them: a level may be written
/// over the lower one.
template <class Kind, int levels> RAVINE_HD double tree_value(const double* values, long long count, long long i) {
    if constexpr (levels == 0) {
        return values[i];
    } else {
        const double sum = tree_value<Kind, levels - 1>(values, count, i);
        const long long other = i + level_count(count, levels);
        if (other >= level_count(count, levels - 1)) return sum;
        return Kind::join_sums(sum, tree_value<Kind, levels - 1>(values, count, other));
    }
}

}  // namespace ravine::inline v0::kernels
