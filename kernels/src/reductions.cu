#include <ravine/kernels/instantiate_reduction.h>

RAVINE_INSTANTIATE_REDUCTIONS
