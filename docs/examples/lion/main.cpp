// Fits a line with Lion, in every implementation and instruction set; saves, loads, and goes on. Exit status 0 if all of them
// agree to the last bit.
#include "lion.h"

#include <ravine/optim/classes.h>
#include <ravine/ravine.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace rv = ravine;
using rv::optim::Implementation;

namespace {

/// Weight and offset after `steps` steps of an optimizer of that name.
std::vector<float> fit(const rv::optim::Classes& classes, Implementation implementation, int steps) {
    std::vector<float> line = {0, 0}, gradient = {0, 0};
    const rv::Parameter parameter("line", line.data(), gradient.data(), {2});
    rv::optim::Optimizer optimizer = classes.make("lion", {parameter}, {{"lr", 0.01}, {"weight_decay", 0.1}});
    optimizer.set_implementation(implementation);
    for (int step = 0; step < steps; ++step) {
        if (step == steps / 2) {
            const rv::Value saved = optimizer.state_dict().clone();
            optimizer = classes.make("Lion", {parameter});
            optimizer.load_state_dict(saved);
        }
        gradient = {0, 0};
        for (int i = 0; i < 16; ++i) {
            const float x = static_cast<float>(i) / 16, error = line[0] * x + line[1] - (2 * x - 1);
            gradient[0] += error * x;
            gradient[1] += error;
        }
        optimizer.step();
    }
    return line;
}

}  // namespace

int main() {
    rv::optim::Classes classes;
    classes.add(rv::optim::class_of<example::LionAlgorithm>());
    setenv("RAVINE_ISA", "scalar", 1);
    const std::vector<float> expected = fit(classes, Implementation::for_loop, 200);
    std::printf("line: %g x %+g\n", static_cast<double>(expected[0]), static_cast<double>(expected[1]));
    for (const char* isa : {"scalar", "avx2", "avx512"}) {
        const bool is_there = rv::is_available(isa[0] == 's' ? rv::Isa::scalar : isa[3] == '2' ? rv::Isa::avx2 : rv::Isa::avx512);
        if (!is_there) continue;
        setenv("RAVINE_ISA", isa, 1);
        for (const Implementation implementation : {Implementation::for_loop, Implementation::foreach, Implementation::fused}) {
            if (fit(classes, implementation, 200) == expected) continue;
            std::printf("%s differs on %s\n", std::string(rv::optim::name(implementation)).c_str(), isa);
            return 1;
        }
    }
}
