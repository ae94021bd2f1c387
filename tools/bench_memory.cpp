#include "bench_memory.h"

#include "bench_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace ravine::tools {
namespace {

/// For one tensor in a plan, and in a stream: measured, generously.
constexpr double bytes_per_tensor = 1024;

/// What is free on a device; on the CPU, what a new process may have without swapping, also inside a container.
std::optional<double> free_bytes(Device device) {
    if (device.type != DeviceType::cpu) return static_cast<double>(cuda_free_memory(device.index));
    double result = std::numeric_limits<double>::infinity();
    std::ifstream meminfo("/proc/meminfo");
    for (std::string key, rest; meminfo >> key; std::getline(meminfo, rest)) {
        double kibibytes = 0;
        if (key == "MemAvailable:" && meminfo >> kibibytes) result = kibibytes * 1024;
    }
    double limit = 0, used = 0;
    if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit && std::ifstream("/sys/fs/cgroup/memory.current") >> used) {
        result = std::min(result, std::max(limit - used, 0.0));
    }
    if (result == std::numeric_limits<double>::infinity()) return std::nullopt;
    return result;
}

/// State tensors for each parameter, found by stepping one of a single element, which every class takes.
std::size_t state_slots(const BenchOptimizer& optimizer) {
    const Parameter parameter(zeros({1, 1}, DType::f32), zeros({1, 1}, DType::f32));
    SerialExecutor serial;
    optim::Optimizer probe = optim::make(optimizer.name, {parameter}, optimizer.options, {.executor = &serial});
    probe.step();
    return moving_state(probe, parameter).size();
}

}  // namespace

void check_memory(const BenchRequest& request) {
    const bool on_host = request.device.type == DeviceType::cpu;
    const auto available = free_bytes(request.device);
    if (!available) return;
    std::vector<std::size_t> slots;
    for (const BenchOptimizer& optimizer : request.optimizers) slots.push_back(state_slots(optimizer));
    const auto averages = static_cast<double>(request.averages.size() - static_cast<std::size_t>(std::count(request.averages.begin(), request.averages.end(), BenchAverage::none)));
    double needed = 0;
    for (const BenchCase& one : request.cases) {
        for (const DType dtype : request.dtypes) {
            const double tensor_bytes = static_cast<double>(one.parameters()) * static_cast<double>(item_size(dtype));
            const double overhead = bytes_per_tensor * static_cast<double>(one.shapes.size());
            needed += 2 * tensor_bytes + overhead;
            for (std::size_t o = 0; o < slots.size(); ++o) {
                const auto copies = static_cast<double>(request.implementations.size() * request.threads.size());
                const double average_bytes = static_cast<double>(one.parameters()) * static_cast<double>(std::max<std::size_t>(item_size(dtype), 4));
                needed += copies * (static_cast<double>(slots[o] * request.averages.size()) * tensor_bytes + averages * average_bytes + overhead);
                if (!on_host) needed += static_cast<double>(2 + slots[o]) * tensor_bytes;  // what the stream copies
                if (needed <= *available) continue;
                throw std::runtime_error(
                    fmt::format("bench: everything up to {} {} {} must fit into free memory{}, got {:.2f} GB to allocate and {:.2f} GB free",
                                one.name, request.optimizers[o].name, short_name(dtype), on_host ? "" : " of " + name(request.device),
                                needed / 1e9, *available / 1e9));
            }
        }
    }
}

}  // namespace ravine::tools
