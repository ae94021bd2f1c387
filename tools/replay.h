#pragma once
#include "command_line.h"

namespace ravine::tools {

/// The subcommand `replay`: runs an optimizer over recorded gradients.
void add_replay(CommandLine& program);

}  // namespace ravine::tools
