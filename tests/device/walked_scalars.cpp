#include "walk.h"

#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/sgd.h>

RAVINE_INSTANTIATE_SCALARS(ravine::kernels::Adam)
RAVINE_INSTANTIATE_SCALARS(ravine::kernels::Sgd)
