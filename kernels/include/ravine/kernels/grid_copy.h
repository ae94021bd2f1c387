#pragma once
// Copies on a grid of threads: between any two layouts of one shape, and between floating-point types.

#include <ravine/kernels/grid.h>
#include <ravine/kernels/kernel_set.h>

namespace ravine::inline v0::kernels {

inline constexpr int max_copy_dims = 16;

/// `count` elements in row-major order of `sizes`, the innermost last. Strides are in elements.
struct StridedCopy {
    const void* from;
    void* to;
    long long count;
    int dims;
    long long sizes[max_copy_dims];
    long long from_strides[max_copy_dims];
    long long to_strides[max_copy_dims];
};

/// Starts a copy on a stream and returns the driver's error code.
using GridCopy = int(const StridedCopy& copy, CUstream_st* stream) noexcept;

/// Elements of 1, 2, 4, 8 and 16 bytes as they are, and conversions [from][to] in the order of Storage. Null where the
/// library has no kernels for a device.
struct GridCopies {
    GridCopy* same[5];
    GridCopy* convert[storage_count][storage_count];
};
extern const GridCopies grid_copies;

/// Elements that are only moved.
template <int bytes> struct Opaque {
    struct alignas(bytes > 8 ? 8 : bytes) Item {
        unsigned char byte[bytes];
    };
};

/// What torch does: to the computing type of `To`, then to its grid.
template <class From, class To> RAVINE_HD void copy_element(const From& from, To& to) {
    if constexpr (__is_same(From, To)) to = from;
    else to = storage_traits<To>::narrow(static_cast<compute_t<To>>(storage_traits<From>::widen(from)));
}

template <class From, class To> RAVINE_HD void run_copy(const StridedCopy& copy, unsigned block, int thread) {
    const long long i = static_cast<long long>(block) * block_threads + thread;
    if (i >= copy.count) return;
    long long rest = i, from = 0, to = 0;
    for (int d = copy.dims - 1; d >= 0; --d) {
        const long long at = rest % copy.sizes[d];
        from += at * copy.from_strides[d];
        to += at * copy.to_strides[d];
        rest /= copy.sizes[d];
    }
    copy_element(static_cast<const From*>(copy.from)[from], static_cast<To*>(copy.to)[to]);
}

}  // namespace ravine::inline v0::kernels
