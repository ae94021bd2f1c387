#include "walk.h"

#include <ravine/kernels/families.h>

RAVINE_EACH_OPTIMIZER(RAVINE_INSTANTIATE_SCALARS)
