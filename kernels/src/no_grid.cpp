// In a library without kernels for devices, what would be them.
#include <ravine/kernels/grid_copy.h>
#include <ravine/kernels/grid_reduction.h>
#include <ravine/kernels/instantiate_no_grid.h>
#include <ravine/kernels/passes.h>
#include <ravine/kernels/powers.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/average.h>
#include <ravine/kernels/rules/sgd.h>
#include <ravine/kernels/step_scalars.h>

RAVINE_INSTANTIATE_NO_GRID(ravine::kernels::passes::All)
RAVINE_INSTANTIATE_NO_GRID(ravine::kernels::powers::All)
RAVINE_INSTANTIATE_NO_GRID(ravine::kernels::Adam)
RAVINE_INSTANTIATE_NO_GRID(ravine::kernels::Sgd)
RAVINE_INSTANTIATE_NO_GRID(ravine::kernels::Averages)

template <> ravine::kernels::ScalarsKernel* const ravine::kernels::scalars_kernel<ravine::kernels::Adam>::start = nullptr;
template <> ravine::kernels::ScalarsKernel* const ravine::kernels::scalars_kernel<ravine::kernels::Sgd>::start = nullptr;

const ravine::kernels::GridCopies ravine::kernels::grid_copies = {};
const ravine::kernels::GridReductions ravine::kernels::grid_reductions = {};
