// One layer has become two experts: both get the state of the one, by ids, in a hook of load_state_dict.
#include <ravine/ravine.h>

#include <array>
#include <cstdint>
#include <cstdio>

namespace rv = ravine;

namespace {

rv::Tensor filled(const rv::Shape& shape, double number) {
    const rv::Tensor tensor = rv::zeros(shape, rv::DType::f32);
    rv::foreach::add_({&tensor, 1}, number);
    return tensor;
}

/// A weight and a bias, without names.
rv::Parameters layer() {
    return {rv::Parameter(filled({4, 3}, 1), filled({4, 3}, 0.5)), rv::Parameter(filled({4}, 0), filled({4}, -0.5))};
}

}  // namespace

int main() {
    const rv::Parameters fc = layer(), fc1 = layer(), fc2 = layer();
    rv::optim::AdamW one(fc, {.lr = 0.01});
    for (int i = 0; i < 10; ++i) one.step();

    // Ids count through the groups: here 0 and 1 are fc1, 2 and 3 are fc2; in the state dict of `one`, 0 and 1 are fc.
    rv::optim::AdamW two({fc1[0], fc1[1], fc2[0], fc2[1]});
    rv::optim::RemovableHandle handle = two.register_load_state_dict_pre_hook([](rv::optim::Optimizer& optimizer, rv::Value& state_dict) {
        constexpr std::array<std::int64_t, 4> id_there = {0, 1, 0, 1};
        rv::Value adapted = optimizer.state_dict();
        for (const auto& [key, option] : state_dict.at("param_groups").items()[0].as<rv::Dict>()) {
            if (key != rv::Value("params")) adapted.at("param_groups").as<rv::List>().items[0].as<rv::Dict>().set(key, option);
        }
        for (std::size_t id = 0; id < id_there.size(); ++id) adapted.at("state").as<rv::Dict>().set(id, state_dict.at("state").at(id_there[id]));
        state_dict = adapted;
    });
    two.load_state_dict(one.state_dict());  // copies: the experts have a state each
    handle.remove();

    const bool same = rv::Value(two.state(fc1[0])) == rv::Value(one.state(fc[0])) && rv::Value(two.state(fc2[0])) == rv::Value(one.state(fc[0])) &&
                      rv::Value(two.state(fc2[1])) == rv::Value(one.state(fc[1])) && two.param_groups()[0].options.lr == 0.01;
    std::printf("step %g of both experts, exp_avg %g and %g\n", two.state(fc1[0], "step").item(), static_cast<double>(two.state(fc1[0], "exp_avg").span<float>()[0]),
                static_cast<double>(two.state(fc2[0], "exp_avg").span<float>()[0]));
    two.step();
    return same && two.state(fc2[1], "step").item() == 11 && one.state(fc[1], "step").item() == 10 ? 0 : 1;
}
