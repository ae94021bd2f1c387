#pragma once
#include "command_line.h"

namespace ravine::tools {

void add_convert(CommandLine& program);

}  // namespace ravine::tools
