// Compiled once per instruction set and storage type (RAVINE_STORAGE, see meson.build).
#include <ravine/kernels/families.h>
#include <ravine/kernels/instantiate.h>

using ravine::bf16;
using ravine::f16;

#define RAVINE_KERNELS_OF(Family) RAVINE_INSTANTIATE(Family, RAVINE_STORAGE)
RAVINE_KERNELS_OF(ravine::kernels::passes::All)
RAVINE_EACH_OPTIMIZER(RAVINE_KERNELS_OF)
