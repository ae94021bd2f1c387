#pragma once
// The families of rules that the library has kernels for, as lists of macro calls. A new optimizer's family is a line here,
// and one in cuda/meson.build.

#include <ravine/kernels/passes.h>
#include <ravine/kernels/powers.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/average.h>
#include <ravine/kernels/rules/sgd.h>

/// The updates of optimizers.
#define RAVINE_EACH_OPTIMIZER(call)                                                                                    \
    call(ravine::kernels::Adam)                                                                                        \
    call(ravine::kernels::Sgd)

/// Everything with kernels for devices.
#define RAVINE_EACH_FAMILY(call)                                                                                       \
    call(ravine::kernels::passes::All)                                                                                 \
    call(ravine::kernels::powers::All)                                                                                 \
    call(ravine::kernels::Averages)                                                                                    \
    RAVINE_EACH_OPTIMIZER(call)
