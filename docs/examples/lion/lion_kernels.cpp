// Compiled once per instruction set, see meson.build.
#include "lion_rule.h"

#include <ravine/kernels/instantiate.h>

RAVINE_INSTANTIATE_ALL(example::LionRules)
