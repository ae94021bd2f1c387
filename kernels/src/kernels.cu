// Compiled once per family of rules and storage type (RAVINE_RULES, RAVINE_FAMILY, RAVINE_STORAGE, see meson.build).
#include RAVINE_RULES
#include <ravine/kernels/instantiate_grid.h>

using ravine::bf16;
using ravine::f16;

RAVINE_INSTANTIATE_GRID(ravine::kernels::RAVINE_FAMILY, RAVINE_STORAGE)
