// Compiled once per instruction set and storage type (RAVINE_STORAGE, see meson.build).
#include <ravine/kernels/instantiate.h>
#include <ravine/kernels/passes.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/sgd.h>

using ravine::bf16;
using ravine::f16;

RAVINE_INSTANTIATE(ravine::kernels::passes::All, RAVINE_STORAGE)
RAVINE_INSTANTIATE(ravine::kernels::Adam, RAVINE_STORAGE)
RAVINE_INSTANTIATE(ravine::kernels::Sgd, RAVINE_STORAGE)
