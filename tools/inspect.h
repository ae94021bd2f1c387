#pragma once
#include "command_line.h"

namespace ravine::tools {

/// The subcommand `inspect`: what is in a checkpoint.
void add_inspect(CommandLine& program);

}  // namespace ravine::tools
