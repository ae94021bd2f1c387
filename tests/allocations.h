#pragma once
#include <functional>

namespace ravine::testing {

/// How often memory is allocated meanwhile, by any thread. Of a program with allocations.cpp, which replaces operator new.
long allocations_of(const std::function<void()>& call);

}  // namespace ravine::testing
