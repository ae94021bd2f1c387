#include "targets.h"

#include "../../tools/replay_plan.h"

#include <algorithm>

namespace ravine::fuzz {
namespace {

constexpr std::int64_t replayed_steps = 3;

tools::Recording small_recording() {
    ravine::safetensors::File file;
    for (const char* name : {"a", "b"}) {
        file.tensors.emplace_back(std::string("param/") + name, zeros({2, 3}, DType::f32));
        file.tensors.emplace_back(std::string("grad/") + name + "/1", zeros({2, 3}, DType::f32));
    }
    return {std::move(file), "x.safetensors"};
}

}  // namespace

Outcome replay_spec(std::string_view bytes) {
    return outcome_of<std::invalid_argument, std::out_of_range, std::runtime_error>([&] {
        const tools::Recording recording = small_recording();
        const tools::ReplayPlan plan = tools::ReplayPlan::read({"x.json", std::string(bytes)}, recording);
        SerialExecutor serial;
        Context context;
        context.executor = &serial;
        optim::Optimizer optimizer = plan.make_optimizer(context);
        if (plan.implementation) optimizer.set_implementation(*plan.implementation);
        auto schedulers = tools::make_schedulers(plan.schedulers, optimizer);
        for (std::int64_t t = 1; t <= std::min(plan.steps, replayed_steps); ++t) {
            recording.set_gradients(t);
            optimizer.step();
            for (auto& scheduler : schedulers) scheduler.step();
            static_cast<void>(plan.record.has(t));
        }
        optimizer.load_state_dict(optimizer.state_dict());
    });
}

}  // namespace ravine::fuzz
