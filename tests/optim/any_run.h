#pragma once
// An optimizer of any class of the registry, and steps of it: for what holds for all of them.
#include "harness.h"

#include <ravine/runtime/sparse.h>

namespace ravine::testing {

/// An optimizer over three named matrices of its own.
struct AnyRun {
    Parameters parameters;
    Optimizer optimizer;

    explicit AnyRun(std::string_view name, const Dict& options = {}, const Context& context = {}, DType dtype = DType::f32,
                    const std::vector<std::string>& names = {"in", "middle", "out"})
        : parameters(matrices(names, dtype)), optimizer(optim::make(name, parameters, options, context)) {}

    bool is_joint() const { return optimizer.traits().needs_closure; }
    bool is_sparse() const { return optimizer.traits().gradients == optim::Gradients::sparse; }

    void backward(int number) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            if (is_sparse()) parameters[i].set_sparse_grad(first_row(parameters[i], number));
            else parameters[i].set_grad(gradient(parameters[i], i, number));
        }
    }
    /// With the gradients of that number, of whatever kind the class takes.
    void step(int number) {
        backward(number);
        if (is_joint()) optimizer.step([] { return 1.0; });
        else optimizer.step();
    }
    Value result() const { return snapshot(optimizer, parameters); }
    void take_parameters_of(const AnyRun& other) {
        for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].data().copy_(other.parameters[i].data());
    }

  private:
    static Parameters matrices(const std::vector<std::string>& names, DType dtype) {
        const std::vector<Shape> shapes = {{3, 5}, {4, 2}, {2, 6}};
        Parameters result;
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            const Tensor data = random_tensor(shapes[i], dtype, i + 1);
            if (names.empty()) result.emplace_back(data);
            else result.emplace_back(names[i], data);
        }
        return result;
    }
    static SparseTensor first_row(const Parameter& parameter, int number) {
        const Tensor& data = parameter.data();
        return {zeros({1, 1}, DType::i64), random_tensor({1, data.shape()[1]}, data.dtype(), 50 + static_cast<std::uint64_t>(number)), data.shape()};
    }
};

/// Options with which a class keeps all the state that it can.
inline Dict busy_options(std::string_view name) {
    if (name == "SGD") return {{"momentum", 0.9}};
    if (name == "RMSprop") return {{"momentum", 0.9}, {"centered", true}};
    if (name == "Adam" || name == "AdamW") return {{"amsgrad", true}};
    if (name == "LBFGS") return {{"lr", 0.01}, {"max_iter", 3}};
    return {};
}

/// Calls `check` with the name of every class and options with which it has state.
template <class Check> void for_each_class(const Check& check) {
    for (const std::string_view name : optim::names()) {
        CAPTURE(std::string(name));
        check(name, busy_options(name));
    }
}

}  // namespace ravine::testing
