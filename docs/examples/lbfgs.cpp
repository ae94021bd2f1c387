// LBFGS: few parameters, an exact gradient, and a closure that is called many times in a step.
#include <ravine/ravine.h>

#include <cstdio>
#include <vector>

namespace rv = ravine;

int main() {
    // Rosenbrock's valley: easy to enter, hard to follow to its lowest point, (1, 1). float64 lets the search come close.
    std::vector<double> x = {-1.5, 2}, gradient = {0, 0};
    const rv::Parameter parameter("x", x.data(), gradient.data(), {2});

    // With a line search, steps are as long as the function allows. Without one they are `lr` times the direction, which needs care.
    rv::optim::LBFGS optimizer({parameter}, {.max_iter = 10, .line_search_fn = "strong_wolfe"});

    // The closure may be called anywhere along a line. It must write all gradients anew each time, depend on the parameters alone, and
    // leave them as they are: no dropout, no other batch within a step.
    int calls = 0;
    const auto closure = [&] {
        ++calls;
        const double bend = x[1] - x[0] * x[0], ahead = 1 - x[0];
        gradient = {-400 * x[0] * bend - 2 * ahead, 200 * bend};
        return 100 * bend * bend + ahead * ahead;
    };

    // A step is up to max_iter iterations, and returns the loss that it started from. It ends early where the gradient is small or the
    // loss hardly changes (tolerance_grad, tolerance_change). `step()` without a closure does not compile.
    double loss = 0;
    for (int step = 0; step < 6; ++step) {
        loss = optimizer.step(closure);
        std::printf("step %d: loss %.3g before, then x = (%.9g, %.9g), %d calls\n", step, loss, x[0], x[1], calls);
    }

    // A pair of vectors as long as all parameters is kept for each of the last history_size iterations; the state counts, too.
    const auto counted = optimizer.state(parameter).at("func_evals").as<std::int64_t>();
    const double bend = x[1] - x[0] * x[0], ahead = 1 - x[0];
    return 100 * bend * bend + ahead * ahead < 1e-9 && counted == calls ? 0 : 1;
}
