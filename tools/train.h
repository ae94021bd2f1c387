#pragma once
#include "command_line.h"

namespace ravine::tools {

/// `ravine train`: a multilayer perceptron on real data.
void add_train(CommandLine& program);

}  // namespace ravine::tools
