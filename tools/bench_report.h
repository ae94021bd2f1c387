#pragma once
#include "bench_run.h"

#include <span>
#include <string>

namespace ravine::tools {

/// One JSON object a line.
std::string bench_json(std::span<const BenchResult> results);
/// Columns for people.
std::string bench_table(std::span<const BenchResult> results);

/// What there is to measure: cases with their shapes, and optimizers.
std::string bench_list_json();
std::string bench_list();

}  // namespace ravine::tools
