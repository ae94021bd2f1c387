// For every family with optimizers: the scalars of steps that a device counts itself.
#include <ravine/kernels/instantiate_scalars.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/sgd.h>

RAVINE_INSTANTIATE_SCALARS(ravine::kernels::Adam)
RAVINE_INSTANTIATE_SCALARS(ravine::kernels::Sgd)
