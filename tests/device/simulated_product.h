#pragma once
#include "product.h"

namespace simulated {

/// A product as its definition says, element by element, in double for float64 and in float for all else.
void multiply_on_host(const ravine::Product& product);

}  // namespace simulated
