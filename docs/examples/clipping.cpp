// Gradient clipping: a bound for how far one step may go.
#include <ravine/ravine.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace rv = ravine;

namespace {

/// Runs 400 steps down x^4 / 4 from far up, where the slope is steep. Returns where it came to.
std::vector<float> descend(double max_norm) {
    std::vector<float> x = {6, -8}, gradient = {0, 0};
    rv::optim::SGD optimizer({rv::Parameter("x", x.data(), gradient.data(), {2})}, {.lr = 0.1});
    for (int i = 0; i < 400; ++i) {
        gradient = {x[0] * x[0] * x[0], x[1] * x[1] * x[1]};
        // Between the backward pass and the step. All gradients together are scaled, so that the direction stays.
        const rv::Tensor norm = optimizer.clip_grad_norm_(max_norm);
        // What it returns is the norm before, worth a look in a log.
        if (i == 0) std::printf("max_norm %g: the first gradient has the norm %g\n", max_norm, norm.item());
        optimizer.step();
    }
    return x;
}

/// Two gradients of (3, 4) and (12): the norm over both is 13.
bool clips_by_itself() {
    std::vector<double> a(2), a_grad = {3, 4}, b(1), b_grad = {12};
    const rv::Parameters parameters = {rv::Parameter("a", a.data(), a_grad.data(), {2}), rv::Parameter("b", b.data(), b_grad.data(), {1})};
    // Without an optimizer, for any parameters. The last argument is the order of the norm: 1, 2 or infinity.
    const double norm = rv::optim::clip_grad_norm_(parameters, 6.5).item();
    const double largest = rv::optim::clip_grad_norm_(parameters, 100, INFINITY).item();
    std::printf("norm %g; clipped to 6.5 the largest element is %g\n", norm, largest);
    return norm == 13 && std::abs(largest - 6) < 1e-5 && largest == b_grad[0];
}

}  // namespace

int main() {
    const std::vector<float> clipped = descend(1), free = descend(INFINITY);
    std::printf("clipped: (%g, %g), not clipped: (%g, %g)\n", static_cast<double>(clipped[0]), static_cast<double>(clipped[1]),
                static_cast<double>(free[0]), static_cast<double>(free[1]));
    const bool arrived = std::abs(clipped[0]) < 0.5F && std::abs(clipped[1]) < 0.5F;
    return arrived && !std::isfinite(free[0]) && clips_by_itself() ? 0 : 1;
}
