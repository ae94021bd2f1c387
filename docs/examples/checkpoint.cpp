// A checkpoint: training that is stopped, saved and resumed ends where it would have ended anyway, in every bit.
#include <ravine/ravine.h>

#include <cstdio>
#include <vector>

namespace rv = ravine;

namespace {

/// All that makes up a training. A new program makes it as the old one did, and then loads.
struct Training {
    std::vector<float> w = {3, -1, 2}, gradient = {0, 0, 0};
    rv::Parameter weight{"weight", w.data(), gradient.data(), {3}};
    rv::optim::AdamW optimizer{{weight}, {.lr = 0.05, .amsgrad = true}};
    rv::sched::StepLR schedule{optimizer, {.step_size = 7, .gamma = 0.5}};

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            for (std::size_t k = 0; k < w.size(); ++k) gradient[k] = w[k] * w[k] * w[k] - 1;
            optimizer.step();
            schedule.step();
        }
    }

    // A file holds any tree. A state dict has the live tensors: they are written now, not copied before.
    void save(const char* path) const {
        const rv::Dict model = {{"weight", weight.data()}};
        rv::save(rv::Dict{{"model", model}, {"optimizer", optimizer.state_dict()}, {"schedule", schedule.state_dict()}}, path);
    }

    // The lr belongs to the optimizer's state, so the schedule is there already when that is loaded. What does not fit (another
    // shape, a parameter of another name) is refused with everything that is wrong, and nothing is changed.
    void load(const char* path) {
        const rv::Value file = rv::load(path);
        weight.data().copy_(file.at("model").at("weight").as<rv::Tensor>());
        optimizer.load_state_dict(file.at("optimizer"));
        schedule.load_state_dict(file.at("schedule"));
    }
};

}  // namespace

int main() {
    Training through;
    through.run(10);
    through.save("run.safetensors");
    through.run(10);

    Training resumed;
    resumed.load("run.safetensors");
    resumed.run(10);

    for (const Training* training : {&through, &resumed}) {
        std::printf("weight: %.9g %.9g %.9g\n", static_cast<double>(training->w[0]), static_cast<double>(training->w[1]),
                    static_cast<double>(training->w[2]));
    }
    const bool same = resumed.w == through.w && resumed.optimizer.state_dict() == through.optimizer.state_dict() &&
                      resumed.schedule.state_dict() == through.schedule.state_dict();
    std::printf("%s\n", same ? "the same in every bit" : "they differ");
    return same && through.w != Training().w ? 0 : 1;
}
