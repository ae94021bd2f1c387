#pragma once
#include "../complaints.h"

#include <ravine/optim/sgd.h>
#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/registry.h>
#include <ravine/sched/step_lr.h>

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

    Sink sink;
    optim::SGD optimizer;
};

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
