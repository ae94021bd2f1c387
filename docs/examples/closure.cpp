// A step with a closure: the optimizer asks for the loss itself.
#include <ravine/ravine.h>

#include <cstdio>
#include <stdexcept>
#include <vector>

namespace rv = ravine;

int main() {
    std::vector<double> x = {4, -3}, gradient = {0, 0};
    rv::optim::Adam optimizer({rv::Parameter("x", x.data(), gradient.data(), {2})}, {.lr = 0.1});

    // The closure writes the gradients at the parameters as they are, and returns the loss there. It is called before the parameters
    // move, so what `step` returns is the loss before the step. Most optimizers call it once.
    int calls = 0;
    const auto closure = [&] {
        ++calls;
        gradient = {2 * x[0], 20 * x[1]};
        return x[0] * x[0] + 10 * x[1] * x[1];
    };
    const double first = optimizer.step(closure);
    double last = first;
    for (int i = 1; i < 200; ++i) last = optimizer.step(closure);
    std::printf("loss: %g, then %g after %d calls\n", first, last, calls);

    // What a closure throws passes through, and nothing has moved.
    const std::vector<double> before = x;
    bool passed = false;
    try {
        optimizer.step([]() -> double { throw std::runtime_error("the data have ended"); });
    } catch (const std::runtime_error& error) {
        std::printf("thrown: %s\n", error.what());
        passed = true;
    }
    return first == 106 && last < first / 100 && calls == 200 && passed && x == before ? 0 : 1;
}
