#include "walk.h"

RAVINE_INSTANTIATE_LINES
