#include "walk.h"

#include <families.h>

RAVINE_EACH_OPTIMIZER(RAVINE_INSTANTIATE_SCALARS)
