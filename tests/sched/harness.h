#pragma once
#include "../complaints.h"

#include <ravine/optim/sgd.h>
#include <ravine/sched/chained_scheduler.h>
#include <ravine/sched/constant_lr.h>
#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/cosine_annealing_warm_restarts.h>
#include <ravine/sched/cyclic_lr.h>
#include <ravine/sched/exponential_lr.h>
#include <ravine/sched/inverse_square_root_lr.h>
#include <ravine/sched/lambda_lr.h>
#include <ravine/sched/linear_lr.h>
#include <ravine/sched/multi_step_lr.h>
#include <ravine/sched/multiplicative_lr.h>
#include <ravine/sched/one_cycle_lr.h>
#include <ravine/sched/polynomial_lr.h>
#include <ravine/sched/reduce_lr_on_plateau.h>
#include <ravine/sched/registry.h>
#include <ravine/sched/sequential_lr.h>
#include <ravine/sched/step_lr.h>
#include <ravine/sched/swa_lr.h>
#include <ravine/sched/warmup_cosine_lr.h>
#include <ravine/sched/warmup_stable_decay_lr.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ravine::testing {

using Numbers = std::vector<double>;

/// An SGD with one parameter per lr; steps without gradients.
struct Subject {
    explicit Subject(const Numbers& lrs = {0.1}) : optimizer({}, {}, {.log = &sink}) {
        for (const double lr : lrs) add_group(lr);
    }
    void add_group(double lr) { optimizer.add_param_group({Parameter(zeros({1}, DType::f32))}, {{"lr", lr}}); }
    Numbers lrs() const {
        Numbers result;
        for (const auto& group : optimizer.param_groups()) result.push_back(group.options.lr);
        return result;
    }
    double lr() const { return lrs().front(); }
    double momentum(std::size_t group = 0) const { return optimizer.param_groups()[group].options.momentum; }

    Sink sink;
    optim::SGD optimizer;
};

/// The same by steps of one scheduler.
struct Case {
    std::string_view type;
    Dict options;
};

/// Options with which each class can be made and stepped for a while, by SGD with a momentum.
inline std::vector<Case> one_of_each() {
    const Dict table = {{"table", List{1, 0.5, 0.25}}};
    const Dict first = {{"type", "LinearLR"}}, second = {{"type", "ExponentialLR"}, {"gamma", 0.9}};
    return {{"ChainedScheduler", {{"schedulers", List{first, second}}}},
            {"ConstantLR", {}},
            {"CosineAnnealingLR", {{"T_max", 7}}},
            {"CosineAnnealingWarmRestarts", {{"T_0", 3}, {"T_mult", 2}}},
            {"CyclicLR", {{"base_lr", 0.01}, {"max_lr", 0.1}, {"step_size_up", 3}}},
            {"ExponentialLR", {{"gamma", 0.9}}},
            {"InverseSquareRootLR", {{"warmup_iters", 4}}},
            {"LambdaLR", {{"lr_lambda", table}}},
            {"LinearLR", {}},
            {"MultiStepLR", {{"milestones", List{2, 2, 5}}}},
            {"MultiplicativeLR", {{"lr_lambda", table}}},
            {"OneCycleLR", {{"max_lr", 0.5}, {"total_steps", 40}}},
            {"PolynomialLR", {}},
            {"ReduceLROnPlateau", {{"patience", 1}, {"factor", 0.5}}},
            {"SWALR", {{"swa_lr", 0.05}}},
            {"SequentialLR", {{"schedulers", List{first, second}}, {"milestones", List{3}}}},
            {"StepLR", {{"step_size", 3}}},
            {"WarmupCosineLR", {{"warmup_iters", 3}, {"total_iters", 9}}},
            {"WarmupStableDecayLR", {{"warmup_iters", 2}, {"stable_iters", 2}, {"decay_iters", 4}}}};
}

/// A step of whatever kind, with a metric that does not improve if it needs one.
inline void step(sched::LRScheduler& scheduler) {
    if (scheduler.step_argument() == sched::StepArgument::metric) scheduler.step_with(1);
    else scheduler.step();
}

/// The first group's lr now and after each of `steps` rounds of optimizer and schedulers.
inline Numbers lrs_of(Subject& subject, const std::function<void()>& step, int steps) {
    Numbers result = {subject.lr()};
    for (int i = 0; i < steps; ++i) {
        subject.optimizer.step();
        step();
        result.push_back(subject.lr());
    }
    return result;
}

}  // namespace ravine::testing

namespace doctest {
template <> struct StringMaker<std::vector<double>> {
    static String convert(const std::vector<double>& numbers) {
        std::string text;
        for (const double number : numbers) {
            char buffer[32];
            std::snprintf(buffer, sizeof buffer, "%.17g ", number);
            text += buffer;
        }
        return text.c_str();
    }
};
}  // namespace doctest
