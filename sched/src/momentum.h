#pragma once
#include "state.h"

#include <ravine/optim/group.h>

namespace ravine::inline v0::sched {

/// Whether a group has `betas`, whose first stands for its momentum.
bool has_beta1(const optim::Group& group);
/// For `cycle_momentum`: empty, or what must hold of it.
std::string_view momentum_complaint(const optim::Group& group, bool cycle_momentum);
/// For a group that has one.
void set_momentum(optim::Group& group, double momentum);

/// torch's key `use_beta1`, which a file cannot choose.
void describe_use_beta1(State& state, const optim::Group& group);

}  // namespace ravine::inline v0::sched
