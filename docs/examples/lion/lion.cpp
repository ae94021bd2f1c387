// The one place that describes the class to the library.
#include "lion.h"

#include <ravine/optim/describe.h>

RAVINE_ALGORITHM(example::LionAlgorithm)
