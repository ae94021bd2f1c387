#pragma once
#include "command_line.h"

namespace ravine::tools {

/// The subcommand `minimize`: walks an optimizer over a function that is known by its formula.
void add_minimize(CommandLine& program);

}  // namespace ravine::tools
