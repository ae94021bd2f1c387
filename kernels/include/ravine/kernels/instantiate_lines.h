#pragma once
// Compiles the moves of lines for devices.

#include <ravine/kernels/grid_lines.h>

namespace ravine::inline v0::kernels {

template <class Lines> unsigned line_blocks(const Lines& lines) {
    return static_cast<unsigned>((lines.count * lines.length + block_threads - 1) / block_threads);
}

#if defined(__CUDACC__)
template <class Item> __global__ void __launch_bounds__(block_threads) line_copy_kernel(const __grid_constant__ LineCopy copy) {
    run_line_copy<Item>(copy, blockIdx.x, static_cast<int>(threadIdx.x));
}
template <class Item> int start_line_copy(const LineCopy& copy, CUstream_st* stream) noexcept {
    line_copy_kernel<Item><<<line_blocks(copy), block_threads, 0, stream>>>(copy);
    return static_cast<int>(cudaGetLastError());
}
template <class Storage> __global__ void __launch_bounds__(block_threads) line_sum_kernel(const __grid_constant__ LineSum sum) {
    run_line_sum<Storage>(sum, blockIdx.x, static_cast<int>(threadIdx.x));
}
template <class Storage> int start_line_sum(const LineSum& sum, CUstream_st* stream) noexcept {
    line_sum_kernel<Storage><<<line_blocks(sum), block_threads, 0, stream>>>(sum);
    return static_cast<int>(cudaGetLastError());
}
#else
/// Defined by whoever walks grids on the host.
template <class Item> int start_line_copy(const LineCopy& copy, CUstream_st* stream) noexcept;
template <class Storage> int start_line_sum(const LineSum& sum, CUstream_st* stream) noexcept;
#endif

template <int bytes> int start_line_move(const LineCopy& copy, CUstream_st* stream) noexcept {
    return start_line_copy<typename Opaque<bytes>::Item>(copy, stream);
}

#define RAVINE_INSTANTIATE_LINES                                                                                       \
    const ravine::kernels::GridLines ravine::kernels::grid_lines = {                                                   \
        {&ravine::kernels::start_line_move<1>, &ravine::kernels::start_line_move<2>, &ravine::kernels::start_line_move<4>,  \
         &ravine::kernels::start_line_move<8>, &ravine::kernels::start_line_move<16>},                                 \
        {&ravine::kernels::start_line_sum<double>, &ravine::kernels::start_line_sum<float>,                            \
         &ravine::kernels::start_line_sum<ravine::bf16>, &ravine::kernels::start_line_sum<ravine::f16>}};

}  // namespace ravine::inline v0::kernels
