// Constructing an optimizer: what it moves, and with which options.
#include <ravine/ravine.h>

#include <cstdio>
#include <stdexcept>
#include <vector>

namespace rv = ravine;

namespace {

/// Half the squared distance of x from a point: the loss of this example. Writes its gradient.
float loss_of(const std::vector<float>& x, float point, std::vector<float>& gradient) {
    float loss = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        gradient[i] = x[i] - point;
        loss += gradient[i] * gradient[i] / 2;
    }
    return loss;
}

}  // namespace

int main() {
    // A parameter says where values and their gradient lie, and what shape they have. The memory stays yours, and must live as
    // long as the optimizer steps. Names are optional; with them, checkpoints are matched by name.
    std::vector<float> w(6, 1.0F), w_grad(6), b(3, -2.0F), b_grad(3);
    const rv::Parameter weight("fc.weight", w.data(), w_grad.data(), {3, 2});
    const rv::Parameter bias("fc.bias", b.data(), b_grad.data(), {3});

    // Options have torch's names and defaults: write those that differ, in the order of the header.
    rv::optim::SGD sgd({weight}, {.lr = 0.1, .momentum = 0.9});
    rv::optim::Adam adam({weight, bias}, {.lr = 0.01});

    // The same by names, for a program that reads them from somewhere. Any case will do for the class.
    rv::optim::Optimizer named = rv::optim::make("adam", {weight, bias}, {{"lr", 0.01}});
    std::printf("%s\n", named.to_string().c_str());

    // An option that makes no sense is refused by the constructor, and the message says which.
    bool refused = false;
    try {
        rv::optim::SGD wrong({weight}, {.lr = -1});
    } catch (const std::invalid_argument& error) {
        std::printf("refused: %s\n", error.what());
        refused = true;
    }

    // Optimizers may share a parameter. Each keeps its own state.
    const float first = loss_of(w, 3, w_grad) + loss_of(b, 3, b_grad);
    for (int i = 0; i < 50; ++i) {
        loss_of(w, 3, w_grad);
        sgd.step();
    }
    for (int i = 0; i < 50; ++i) {
        loss_of(w, 3, w_grad);
        loss_of(b, 3, b_grad);
        adam.step();
    }
    const float last = loss_of(w, 3, w_grad) + loss_of(b, 3, b_grad);
    std::printf("loss: %g, then %g\n", static_cast<double>(first), static_cast<double>(last));
    return refused && last < first ? 0 : 1;
}
