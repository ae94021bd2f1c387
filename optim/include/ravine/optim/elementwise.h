#pragma once
#include <ravine/optim/optimizer_class.h>

namespace ravine::inline v0::optim {

/// The optimizer of an elementwise algorithm A (see describe.h for what A has).
template <class A> using Elementwise = OptimizerOf<A>;

}  // namespace ravine::inline v0::optim
