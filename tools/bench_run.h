#pragma once
#include "bench_cases.h"
#include "dtype_name.h"
#include "json_value.h"

#include <ravine/optim/optimizer.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace ravine::tools {

/// An optimizer to measure: torch's class name and the options that are not the defaults.
struct BenchOptimizer {
    std::string name;
    Dict options;
    Json shown;  ///< the options as they were given
};

/// What is timed beside an optimizer's step: an exponential average of the weights by `swa::AveragedModel`, in float32 for 16-bit parameters.
enum class BenchAverage {
    none,
    in_step,  ///< the step moves it (`follow`)
    apart,    ///< after the step, by `update_parameters`
    alone,    ///< `update_parameters` without a step
};
std::string_view name(BenchAverage average) noexcept;
/// std::invalid_argument with the known ones.
BenchAverage bench_average(std::string_view name);

/// Every case with every optimizer, dtype, implementation, average and number of threads, on one device.
struct BenchRequest {
    std::vector<BenchCase> cases;
    std::vector<BenchOptimizer> optimizers;
    std::vector<DType> dtypes;
    std::vector<optim::Implementation> implementations;
    std::vector<BenchAverage> averages = {BenchAverage::none};
    std::vector<int> threads;  ///< of the CPU
    Device device;
    double seconds = 10;  ///< for all rounds together
};

/// What was measured of one combination. Times are seconds for one step.
struct BenchResult {
    const BenchCase* of;              ///< one of the request's
    const BenchOptimizer* optimizer;  ///< one of the request's
    DType dtype;
    optim::Implementation implementation;
    BenchAverage average;
    int threads;
    Device device;
    std::int64_t bytes;               ///< that a step reads and writes
    std::int64_t rounds;
    double median, p10, p90;          ///< until the work was done
    std::optional<double> host;       ///< the median until a device had been given the work
    double ceiling;                   ///< the median of the fastest stream
    double allocations;               ///< in one step
};

/// Measures all combinations in turns. `progress` is null for silence. std::runtime_error, before anything is allocated,
/// if they do not fit into the free memory of the machine, or of the device; `request` must outlive the results.
std::vector<BenchResult> run_bench(const BenchRequest& request, std::FILE* progress);

}  // namespace ravine::tools
