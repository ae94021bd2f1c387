// Compiled once per storage type.
#include "walk.h"

#include <ravine/kernels/passes.h>
#include <ravine/kernels/powers.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/average.h>
#include <ravine/kernels/rules/sgd.h>

using ravine::bf16;
using ravine::f16;

RAVINE_INSTANTIATE_GRID(ravine::kernels::passes::All, RAVINE_STORAGE)
RAVINE_INSTANTIATE_GRID(ravine::kernels::powers::All, RAVINE_STORAGE)
RAVINE_INSTANTIATE_GRID(ravine::kernels::Adam, RAVINE_STORAGE)
RAVINE_INSTANTIATE_GRID(ravine::kernels::Sgd, RAVINE_STORAGE)
RAVINE_INSTANTIATE_GRID(ravine::kernels::Averages, RAVINE_STORAGE)
