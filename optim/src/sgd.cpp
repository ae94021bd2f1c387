#include <ravine/optim/describe.h>
#include <ravine/optim/sgd.h>

RAVINE_ALGORITHM(ravine::optim::SGDAlgorithm)
