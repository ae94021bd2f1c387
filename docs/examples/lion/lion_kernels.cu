// For devices.
#include "lion_rule.h"

#include <ravine/kernels/instantiate_grid.h>
#include <ravine/kernels/instantiate_scalars.h>

RAVINE_INSTANTIATE_GRID_ALL(example::LionRules)
RAVINE_INSTANTIATE_SCALARS(example::LionRules)
