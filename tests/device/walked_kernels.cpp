// Compiled once per storage type.
#include "walk.h"

#include <families.h>

using ravine::bf16;
using ravine::f16;

#define RAVINE_WALKED(Family) RAVINE_INSTANTIATE_GRID(Family, RAVINE_STORAGE)
RAVINE_EACH_FAMILY(RAVINE_WALKED)
