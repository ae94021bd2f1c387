#pragma once
// Devices in host memory, for tests where there is no other. They keep what they are given in queues and do it as late as
// CUDA may: when somebody waits. So a test sees what reads too early, and what changes or frees memory that is still used.

#include <cstddef>
#include <functional>
#include <vector>

struct CUstream_st;

namespace simulated {

inline constexpr int devices = 2;

/// Puts work at the end of a stream of the device that is current.
void enqueue(CUstream_st* stream, std::function<void()> work);
/// Bytes that each device has; allocations beyond fail.
void set_memory(std::size_t bytes);
/// Bytes in use on all devices.
std::size_t used_memory();
/// Makes launches fail with this code, 0 for none.
void set_failure(int code);
int failure();

/// What was asked since `reset_counts`.
struct Counts {
    int launches = 0, copies = 0, waits = 0;
    std::size_t copied_bytes = 0;
};
Counts counts();
void reset_counts();
/// Between these, what a stream is given is not done but kept. As with CUDA, what a graph cannot repeat fails: memory, copies
/// from pageable memory, waiting.
void begin_capture();
using Graph = std::vector<std::function<void()>>;
Graph end_capture();
/// Puts everything that was kept at the end of a stream.
void replay(const Graph& graph, CUstream_st* stream);

}  // namespace simulated
