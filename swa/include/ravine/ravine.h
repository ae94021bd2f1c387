#pragma once
// Everything of ravine: include this, or the header of what you use.
#include <ravine/optim/adafactor.h>
#include <ravine/optim/adam.h>
#include <ravine/optim/adamw.h>
#include <ravine/optim/clip_grad.h>
#include <ravine/optim/muon.h>
#include <ravine/optim/optimizer.h>
#include <ravine/optim/sgd.h>
#include <ravine/optim/sparse_adam.h>
#include <ravine/runtime/file.h>
#include <ravine/runtime/foreach.h>
#include <ravine/runtime/fused.h>
#include <ravine/runtime/sparse.h>
#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/registry.h>
#include <ravine/sched/step_lr.h>
#include <ravine/swa/averaged_model.h>
