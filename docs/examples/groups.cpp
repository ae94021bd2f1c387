// Options for some parameters only: groups.
#include <ravine/ravine.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace rv = ravine;

namespace {

/// A layer of a model: its memory, and the two parameters that see it.
struct Layer {
    std::vector<float> w = std::vector<float>(4, 1.0F), w_grad = std::vector<float>(4), b = {1.0F}, b_grad = {0.0F};
    rv::Parameter weight, bias;
    explicit Layer(const std::string& name)
        : weight(name + ".weight", w.data(), w_grad.data(), {2, 2}), bias(name + ".bias", b.data(), b_grad.data(), {1}) {}
    Layer(const Layer&) = delete;  // a copy's parameters would see the memory of the original
};

bool ends_with_bias(const rv::Parameter& parameter) { return parameter.name().ends_with(".bias"); }

}  // namespace

int main() {
    Layer base("base"), classifier("classifier");

    // Another lr for a part of the model. The first group is made by the constructor; one that is added has the optimizer's options,
    // except for those that are given with it, by torch's names.
    rv::optim::SGD sgd({base.weight, base.bias}, {.lr = 1e-2, .momentum = 0.9});
    sgd.add_param_group({classifier.weight, classifier.bias}, {{"lr", 1e-3}});

    // A group's options are plain data, which may be changed before any step.
    for (auto& group : sgd.param_groups()) std::printf("SGD: %zu parameters, lr %g, momentum %g\n", group.params().size(), group.options.lr, group.options.momentum);
    sgd.param_groups()[1].options.lr *= 10;
    bool right = sgd.param_groups()[1].options.lr == sgd.param_groups()[0].options.lr && sgd.param_groups()[1].options.momentum == 0.9;

    // No weight decay for biases, which are known by their names. `({}, ...)` starts without a group.
    rv::Parameters decayed, others;
    for (const rv::Parameter& parameter : {base.weight, base.bias, classifier.weight, classifier.bias}) {
        (ends_with_bias(parameter) ? others : decayed).push_back(parameter);
    }
    rv::optim::AdamW adamw({}, {.lr = 0.1, .weight_decay = 0.5});
    adamw.add_param_group(decayed);
    adamw.add_param_group(others).options.weight_decay = 0;

    // All gradients are zero here, so that the decay alone moves anything: by the factor 1 - lr * weight_decay a step.
    adamw.step();
    std::printf("AdamW: weights %g, biases %g\n", static_cast<double>(base.w[0]), static_cast<double>(base.b[0]));
    right = right && std::abs(base.w[0] - 0.95F) < 1e-6F && std::abs(classifier.w[3] - 0.95F) < 1e-6F;
    right = right && base.b[0] == 1 && classifier.b[0] == 1;
    return right ? 0 : 1;
}
