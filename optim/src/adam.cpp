#include <ravine/optim/adamw.h>
#include <ravine/optim/describe.h>

RAVINE_ALGORITHM(ravine::optim::AdamAlgorithm)
RAVINE_ALGORITHM(ravine::optim::AdamWAlgorithm)
