// Matching parameters by their names: what load_state_dict does by itself, what it does with names that have changed, and a hook
// that does the same by hand.
#include <ravine/ravine.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace rv = ravine;

namespace {

rv::Parameter vector_of(std::string name, double gradient) {
    const rv::Tensor grad = rv::zeros({8}, rv::DType::f32);
    rv::foreach::add_({&grad, 1}, gradient);
    return {std::move(name), rv::zeros({8}, rv::DType::f32), grad};
}

/// As torch's documentation does it: for each parameter here, the position of its name there.
void match_names(rv::optim::Optimizer& optimizer, rv::Value& state_dict) {
    rv::Value adapted = optimizer.state_dict();
    const rv::Value& there = state_dict.at("param_groups").items()[0];
    const auto ids = there.at("params").items(), names = there.at("param_names").items();
    std::int64_t id = 0;
    for (const rv::Value& name : adapted.at("param_groups").items()[0].at("param_names").items()) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] == name) adapted.at("state").as<rv::Dict>().set(id, state_dict.at("state").at(ids[i]));
        }
        ++id;
    }
    state_dict = adapted;
}

}  // namespace

int main() {
    const rv::Parameters saved = {vector_of("encoder", 1), vector_of("decoder", 2)};
    rv::optim::AdamW old(saved);
    for (int i = 0; i < 10; ++i) old.step();
    const rv::Value checkpoint = old.state_dict();

    // Names on both sides are matched, in whatever order they come.
    const rv::Parameters turned = {vector_of("decoder", 2), vector_of("encoder", 1)};
    rv::optim::AdamW by_itself(turned), by_hand(turned);
    by_itself.load_state_dict(checkpoint);
    by_hand.register_load_state_dict_pre_hook(&match_names);
    by_hand.load_state_dict(checkpoint);
    const auto has = [](const rv::optim::Optimizer& optimizer, const rv::Parameter& parameter, const rv::optim::Optimizer& other, const rv::Parameter& same) {
        return rv::Value(optimizer.state(parameter)) == rv::Value(other.state(same));
    };
    bool right = has(by_itself, turned[0], old, saved[1]) && has(by_itself, turned[1], old, saved[0]);
    right = right && has(by_hand, turned[0], old, saved[1]) && has(by_hand, turned[1], old, saved[0]);

    // torch would pair them by position, without a word. That can be had.
    rv::optim::AdamW by_position(turned);
    by_position.load_state_dict(checkpoint, {.positional = true});
    right = right && has(by_position, turned[0], old, saved[0]);

    // Other names: under which the checkpoint has a parameter, by the name that it has here.
    const rv::Parameters renamed = {vector_of("model.encoder", 1), vector_of("model.decoder", 2)};
    rv::optim::AdamW after(renamed);
    after.load_state_dict(checkpoint, {.sources = {{"model.encoder", "encoder"}, {"model.decoder", "decoder"}}});
    right = right && has(after, renamed[1], old, saved[1]);
    std::printf("exp_avg of decoder: %g there, %g by name, %g by position, %g under another name\n", static_cast<double>(old.state(saved[1], "exp_avg").span<float>()[0]),
                static_cast<double>(by_itself.state(turned[0], "exp_avg").span<float>()[0]), static_cast<double>(by_position.state(turned[0], "exp_avg").span<float>()[0]),
                static_cast<double>(after.state(renamed[1], "exp_avg").span<float>()[0]));
    return right ? 0 : 1;
}
