// For every optimizer: the scalars of steps that a device counts itself.
#include <families.h>
#include <ravine/kernels/instantiate_scalars.h>

RAVINE_EACH_OPTIMIZER(RAVINE_INSTANTIATE_SCALARS)
