#include <ravine/kernels/instantiate_copy.h>

RAVINE_INSTANTIATE_COPIES
