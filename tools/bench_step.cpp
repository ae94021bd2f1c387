#include "bench_step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::array<std::string_view, 4> average_names = {"none", "in_step", "apart", "alone"};

/// A float32 average of a 16-bit parameter is two runs of its bytes.
void add_runs(const Tensor& average, const Tensor& parameter, std::vector<Tensor>& runs) {
    const std::size_t bytes = parameter.nbytes();
    for (std::size_t first = 0; first < average.nbytes(); first += std::max<std::size_t>(bytes, 1)) {
        void* start = static_cast<std::byte*>(average.mutable_data()) + first;
        runs.push_back(borrow(start, parameter.dtype(), parameter.shape(), {.device = parameter.device()}));
    }
}

swa::AveragedModelOptions average_of(const Parameters& parameters) {
    swa::AveragedModelOptions options = swa::ema();
    if (item_size(parameters.front().data().dtype()) == 2) options.dtype = DType::f32;
    return options;
}

}  // namespace

std::string_view name(BenchAverage average) noexcept { return average_names[static_cast<std::size_t>(average)]; }

BenchAverage bench_average(std::string_view name) {
    const auto found = std::find(average_names.begin(), average_names.end(), name);
    if (found != average_names.end()) return static_cast<BenchAverage>(found - average_names.begin());
    throw std::invalid_argument(fmt::format("bench: --average must be one of {}, got {}", fmt::join(average_names, ", "), Value(std::string(name)).to_string()));
}

BenchStep::BenchStep(const BenchOptimizer& optimizer, const Parameters& parameters, optim::Implementation implementation, BenchAverage average,
                     const Context& context)
    : parameters_(parameters), mode_(average), optimizer_(optim::make(optimizer.name, parameters, optimizer.options, context)) {
    optimizer_.set_implementation(implementation);
    if (average == BenchAverage::none) return;
    average_.emplace(parameters, average_of(parameters), context);
    if (average == BenchAverage::in_step) average_->follow(optimizer_, parameters);
}

void BenchStep::run() {
    if (mode_ != BenchAverage::alone) optimizer_.step();
    if (mode_ == BenchAverage::apart || mode_ == BenchAverage::alone) average_->update_parameters(parameters_);
}

/// A step and an average apart have the stream of both together: what they read twice shows.
std::vector<StreamRow> BenchStep::rows() const {
    std::vector<StreamRow> rows;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const Tensor& data = parameters_[i].data();
        StreamRow row;
        if (mode_ == BenchAverage::alone) {
            row.read_only = data;
        } else {
            row.read_only = parameters_[i].grad();
            row.written = moving_state(optimizer_, parameters_[i]);
            row.written.insert(row.written.begin(), data);
        }
        if (average_) add_runs(average_->parameters()[i].data(), data, row.written);
        if (row.written.size() >= kernels::max_slots) {
            throw std::invalid_argument(fmt::format("bench: --average must go with at most {} tensors of a parameter, got {}", kernels::max_slots,
                                                    row.written.size() + 1));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace ravine::tools
