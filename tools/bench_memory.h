#pragma once
#include "bench_run.h"

namespace ravine::tools {

/// std::runtime_error that names the first combination with which the free memory of the machine, or of the device, is
/// used up. Allocates nothing of note itself. Where the system does not say how much is free, nothing is refused.
void check_memory(const BenchRequest& request);

}  // namespace ravine::tools
