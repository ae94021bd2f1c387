#include "bench_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ravine::tools {
namespace {

bool is_host(Device device) { return device.type == DeviceType::cpu; }

/// 10^9 bytes a second.
double rate(const BenchResult& result, double seconds) {
    return static_cast<double>(result.bytes) / seconds * 1e-9;
}

double ns_per_parameter(const BenchResult& result) {
    return result.median * 1e9 / static_cast<double>(result.of->parameters());
}

double share_of_ceiling(const BenchResult& result) {
    return result.ceiling / result.median;
}

/// Whole numbers without a point.
Json count(double number) {
    if (number == std::floor(number)) return static_cast<std::int64_t>(number);
    return number;
}

/// Three digits, whatever the unit; no exponent.
std::string digits(double number) {
    const int decimals = number >= 100 ? 0 : number >= 10 ? 1 : number >= 1 ? 2 : number >= 0.1 ? 3 : 4;
    return fmt::format("{:.{}f}", number, decimals);
}

std::string label(const BenchResult& result) {
    std::string text = result.optimizer->name;
    for (const auto& [key, value] : result.optimizer->shown.items()) text += fmt::format(" {}={}", key, value.dump());
    if (result.average != BenchAverage::none) text += fmt::format(" (average {})", name(result.average));
    return text;
}

/// The classes that can be measured.
std::vector<std::string_view> optimizers() {
    std::vector<std::string_view> names = optim::names();
    std::erase_if(names, [](std::string_view name) { return optim::needs_closure(name); });
    return names;
}

std::string row(std::size_t width, const std::vector<std::string>& cells) {
    return fmt::format("{:<10} {:<{}} {:<9} {:>5} {:>3} {:>6} {:>7} {:>7} {:>7} {:>7} {:>8} {:>6} {:>7} {:>5} {:>6}\n", cells[0], cells[1],
                       width, cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8], cells[9], cells[10], cells[11], cells[12],
                       cells[13], cells[14]);
}

}  // namespace

std::string bench_json(std::span<const BenchResult> results) {
    std::string text;
    for (const BenchResult& result : results) {
        Json line = {{"library", "ravine"},
                     {"version", RAVINE_VERSION},
                     {"case", result.of->name},
                     {"optimizer", result.optimizer->name},
                     {"options", result.optimizer->shown},
                     {"implementation", optim::name(result.implementation)},
                     {"dtype", short_name(result.dtype)},
                     {"device", name(result.device)},
                     {"isa", name(default_isa())},
                     {"threads", result.threads},
                     {"tensors", result.of->shapes.size()},
                     {"parameters", result.of->parameters()},
                     {"rounds", result.rounds},
                     {"ms", result.median * 1e3},
                     {"ms_p10", result.p10 * 1e3},
                     {"ms_p90", result.p90 * 1e3},
                     {"ns_per_parameter", ns_per_parameter(result)},
                     {"gbps", rate(result, result.median)},
                     {"ceiling_gbps", rate(result, result.ceiling)},
                     {"share_of_ceiling", share_of_ceiling(result)},
                     {"allocations_per_step", count(result.allocations)},
                     {"launches_per_step", nullptr},
                     {"host_ms", result.host ? Json(*result.host * 1e3) : Json()},
                     {"device_name", is_host(result.device) ? Json() : Json(cuda_device_name(result.device.index))}};
        if (result.average != BenchAverage::none) line["average"] = name(result.average);
        text += line.dump() + '\n';
    }
    return text;
}

std::string bench_table(std::span<const BenchResult> results) {
    std::size_t width = std::string_view("optimizer").size();
    for (const BenchResult& result : results) width = std::max(width, label(result).size());
    std::string text = row(width, {"case", "optimizer", "code", "dtype", "thr", "rounds", "ms", "p10", "p90", "host", "ns/param", "GB/s", "ceiling",
                                   "share", "allocs"});
    for (const BenchResult& result : results) {
        text += row(width, {result.of->name, label(result), std::string(optim::name(result.implementation)),
                            std::string(short_name(result.dtype)), std::to_string(result.threads), std::to_string(result.rounds),
                            digits(result.median * 1e3), digits(result.p10 * 1e3), digits(result.p90 * 1e3), result.host ? digits(*result.host * 1e3) : "-", digits(ns_per_parameter(result)),
                            digits(rate(result, result.median)), digits(rate(result, result.ceiling)),
                            fmt::format("{:.2f}", share_of_ceiling(result)), count(result.allocations).dump()});
    }
    text += "\nms: one step, median; host: ms until a device had been given it; ceiling: GB/s of the same reads and writes without arithmetic; share: of that ceiling; allocs: a step's\n";
    return text;
}

std::string bench_list_json() {
    std::string text;
    for (const std::string_view name : bench_case_names()) {
        const BenchCase one = bench_case(name);
        Json shapes = Json::array();
        for (const Shape& shape : one.shapes) shapes.push_back(std::vector<std::int64_t>(shape.begin(), shape.end()));
        const Json line = {{"case", one.name}, {"tensors", one.shapes.size()}, {"parameters", one.parameters()}, {"shapes", shapes}};
        text += line.dump() + '\n';
    }
    for (const std::string_view name : optimizers()) text += Json{{"optimizer", name}}.dump() + '\n';
    return text;
}

std::string bench_list() {
    std::string text = fmt::format("{:<12} {:>8} {:>12}\n", "case", "tensors", "parameters");
    for (const std::string_view name : bench_case_names()) {
        const BenchCase one = bench_case(name);
        text += fmt::format("{:<12} {:>8} {:>12}\n", one.name, one.shapes.size(), one.parameters());
    }
    return text + fmt::format("\noptimizers: {}\n", fmt::join(optimizers(), ", "));
}

}  // namespace ravine::tools
