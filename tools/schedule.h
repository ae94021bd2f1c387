#pragma once
#include "command_line.h"

namespace ravine::tools {

/// The subcommand `schedule`: the lr of every step of a learning-rate schedule as CSV.
void add_schedule(CommandLine& program);

}  // namespace ravine::tools
