// Compiled once per instruction set and storage type (RAVINE_STORAGE, see meson.build).
#include <ravine/kernels/instantiate.h>
#include <ravine/kernels/rules/average.h>

using ravine::bf16;
using ravine::f16;

RAVINE_INSTANTIATE(ravine::kernels::Averages, RAVINE_STORAGE)
