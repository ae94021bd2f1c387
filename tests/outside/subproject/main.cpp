// An outside program that embeds ravine: SGD with momentum on memory of its own, compared with the sums by hand.
#include <ravine/optim/sgd.h>

#include <cstdio>
#include <vector>

int main() {
    std::vector<double> weight = {1, -2, 3};
    std::vector<double> gradient = {0.5, 0.25, -1};
    ravine::Parameter parameter("weight", weight.data(), gradient.data(), {3});
    ravine::optim::SGD optimizer({parameter}, {.lr = 0.5, .momentum = 0.5});
    optimizer.step();
    optimizer.step();
    // Two steps with the same gradient g move by lr * (g + 1.5 g), here without any rounding.
    const std::vector<double> expected = {1 - 0.625, -2 - 0.3125, 3 + 1.25};
    if (weight != expected) {
        std::fprintf(stderr, "weight is %g %g %g\n", weight[0], weight[1], weight[2]);
        return 1;
    }
    std::puts("embedded: two steps of SGD");
}
