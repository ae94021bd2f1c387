#include <ravine/kernels/instantiate_lines.h>

RAVINE_INSTANTIATE_LINES
