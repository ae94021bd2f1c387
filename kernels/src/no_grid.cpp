// In a library without kernels for devices, what would be them.
#include <families.h>
#include <ravine/kernels/grid_copy.h>
#include <ravine/kernels/grid_lines.h>
#include <ravine/kernels/grid_reduction.h>
#include <ravine/kernels/instantiate_no_grid.h>
#include <ravine/kernels/step_scalars.h>

#define RAVINE_NO_SCALARS(Family) template <> ravine::kernels::ScalarsKernel* const ravine::kernels::scalars_kernel<Family>::start = nullptr;

RAVINE_EACH_FAMILY(RAVINE_INSTANTIATE_NO_GRID)
RAVINE_EACH_OPTIMIZER(RAVINE_NO_SCALARS)

const ravine::kernels::GridCopies ravine::kernels::grid_copies = {};
const ravine::kernels::GridLines ravine::kernels::grid_lines = {};
const ravine::kernels::GridReductions ravine::kernels::grid_reductions = {};
