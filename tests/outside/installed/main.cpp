// An outside program that uses the installed library: AdamW downhill on memory of its own, as an optimizer and as a function.
#include <ravine/ravine.h>

#include <cstdio>
#include <vector>

int main() {
    std::vector<float> position = {1.5F, -2.0F};
    std::vector<float> gradient(2);
    ravine::Parameter parameter("position", position.data(), gradient.data(), {2});
    ravine::optim::AdamW optimizer({parameter}, {.lr = 0.05, .weight_decay = 0});
    for (int step = 0; step < 400; ++step) {
        for (std::size_t i = 0; i < 2; ++i) gradient[i] = 2 * position[i];
        optimizer.step();
    }
    const float squared = position[0] * position[0] + position[1] * position[1];
    if (!(squared < 1e-4F)) {
        std::fprintf(stderr, "AdamW ended at %g %g\n", static_cast<double>(position[0]), static_cast<double>(position[1]));
        return 1;
    }
    const ravine::Tensor param = ravine::zeros({2}, ravine::DType::f32), grad = ravine::zeros({2}, ravine::DType::f32);
    for (float& g : grad.span<float>()) g = 1;
    ravine::fused::sgd({&param, 1}, {&grad, 1}, {}, ravine::kernels::SgdRule<false>::terms({.lr = 0.5}, 1, ravine::Power()));
    if (param.span<float>()[1] != -0.5F) {
        std::fprintf(stderr, "fused::sgd made %g of 0\n", static_cast<double>(param.span<float>()[1]));
        return 1;
    }
    std::puts("installed: AdamW reached the bottom");
}
