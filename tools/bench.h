#pragma once
#include "command_line.h"

namespace ravine::tools {

/// The subcommand `bench`: how long a step takes, beside what memory allows.
void add_bench(CommandLine& program);

}  // namespace ravine::tools
