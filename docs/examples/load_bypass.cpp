// A parameter that the checkpoint lacks: it is passed by, and begins anew. By ids in a hook, or by names with an option.
#include <ravine/ravine.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rv = ravine;

namespace {

rv::Parameter with_gradient(std::string name, double gradient) {
    const rv::Tensor grad = rv::zeros({8}, rv::DType::f32);
    rv::foreach::add_({&grad, 1}, gradient);
    return {std::move(name), rv::zeros({8}, rv::DType::f32), grad};
}

}  // namespace

int main() {
    const rv::Parameters saved = {with_gradient("fc1", 1), with_gradient("fc2", 2)};
    const rv::Parameters model = {with_gradient("fc1", 1), with_gradient("bypass", 3), with_gradient("fc2", 2)};
    rv::optim::AdamW old(saved, {.lr = 0.01});
    for (int i = 0; i < 10; ++i) old.step();
    const rv::Value checkpoint = old.state_dict();

    // As it is, the checkpoint does not fit, and the optimizer says why.
    rv::optim::AdamW by_id(model), by_name(model);
    bool refused = false;
    try {
        by_id.load_state_dict(checkpoint);
    } catch (const std::invalid_argument& error) {
        refused = true;
        std::printf("%s\n", error.what());
    }

    // By ids: what is 0 and 1 there is 0 and 2 here, and 1 has no state.
    by_id.register_load_state_dict_pre_hook([](rv::optim::Optimizer& optimizer, rv::Value& state_dict) {
        const std::vector<std::pair<int, int>> ids = {{0, 0}, {2, 1}};
        rv::Value adapted = optimizer.state_dict();
        for (const auto& [key, option] : state_dict.at("param_groups").items()[0].as<rv::Dict>()) {
            if (key == rv::Value("params") || key == rv::Value("param_names")) continue;
            adapted.at("param_groups").as<rv::List>().items[0].as<rv::Dict>().set(key, option);
        }
        for (const auto& [here, there] : ids) adapted.at("state").as<rv::Dict>().set(here, state_dict.at("state").at(there));
        state_dict = adapted;
    });
    by_id.load_state_dict(checkpoint);

    // By names no hook is needed. `keep` instead of `initialise` would leave it the state that it has.
    by_name.load_state_dict(checkpoint, {.missing = rv::optim::MissingParameter::initialise});

    const bool same = by_id.state_dict() == by_name.state_dict() && by_id.state(model[1]).empty() && rv::Value(by_id.state(model[2])) == rv::Value(old.state(saved[1]));
    by_name.step();
    std::printf("fc2 is at step %g, bypass at step %g\n", by_name.state(model[2], "step").item(), by_name.state(model[1], "step").item());
    return refused && same && by_name.state(model[1], "step").item() == 1 ? 0 : 1;
}
