#include "replay.h"

#include "progress.h"
#include "replay_plan.h"
#include "run_options.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/registry.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

namespace ravine::tools {
namespace {

struct ReplayArguments {
    std::string spec;
    std::string input;
    std::string output;
    std::string save_state;
    RunOptions run;
};

optim::Optimizer make_optimizer(const ReplayPlan& plan, const Context& context) {
    optim::Optimizer optimizer = plan.make_optimizer(context);
    if (!plan.load.empty()) optimizer.load_state_dict(load(plan.load, context));
    if (plan.implementation) optimizer.set_implementation(*plan.implementation);
    return optimizer;
}

/// A slot of state as a tensor on the host: a sparse one is made dense.
Tensor slot_tensor(const Value& value, const Shape& shape) {
    if (const Dict* sparse = value.get_if<Dict>()) {
        return SparseTensor(sparse->at("indices").as<Tensor>(), sparse->at("values").as<Tensor>().to(Device{}), shape).to_dense();
    }
    const Tensor* tensor = value.get_if<Tensor>();
    return tensor != nullptr ? tensor->to(Device{}) : scalar_tensor(value.number(), DType::f32);
}

/// Copies parameters and state under the names of step `t`.
void record(safetensors::File& file, const Recording& recording, const optim::Optimizer& optimizer, std::int64_t t) {
    for (const Parameter& parameter : recording.parameters()) {
        file.tensors.emplace_back(fmt::format("param/{}/{}", parameter.name(), t), parameter.data().to(Device{}));
        for (const auto& [slot, value] : optimizer.state(parameter)) {
            if (value.is_null()) continue;
            file.tensors.emplace_back(fmt::format("state/{}/{}/{}", parameter.name(), slot.as<std::string>(), t),
                                      slot_tensor(value, parameter.data().shape()));
        }
    }
}

safetensors::File run(const ReplayPlan& plan, const Recording& recording, optim::Optimizer& optimizer, Progress& progress) {
    std::vector<sched::LRScheduler> schedulers = make_schedulers(plan.schedulers, optimizer);
    safetensors::File file;
    for (std::int64_t t = 1; t <= plan.steps; ++t) {
        recording.set_gradients(t);
        optimizer.set_grad_scale(recording.grad_scale(t));
        optimizer.set_found_inf(recording.found_inf(t));
        optimizer.step();
        for (auto& scheduler : schedulers) scheduler.step();
        if (plan.record.has(t)) record(file, recording, optimizer, t);
        progress.update(t);
    }
    return file;
}

void check_outputs(const ReplayArguments& arguments) {
    namespace fs = std::filesystem;
    if (arguments.output == "-") throw std::invalid_argument("replay: --output must be a file, got '-'");
    const auto place = [](const std::string& path) { return fs::absolute(path).lexically_normal(); };
    if (arguments.save_state.empty() || place(arguments.save_state) != place(arguments.output)) return;
    throw std::invalid_argument(
        fmt::format("replay: --save-state must be another file than --output, got {} for both", ravine::quoted(arguments.output)));
}

/// Both files or, if either cannot be written, no new one.
void write(const ReplayArguments& arguments, const optim::Optimizer& optimizer, const safetensors::File& file) {
    const std::string& state = arguments.save_state;
    if (state.empty()) return safetensors::write(file, arguments.output);
    const bool existed = std::filesystem::exists(state);
    save(optimizer.state_dict(), state);
    try {
        safetensors::write(file, arguments.output);
    } catch (...) {
        if (!existed) std::filesystem::remove(state);
        throw;
    }
}

void replay(ReplayArguments& arguments) {
    Warnings warnings;
    const Context context = arguments.run.context(&warnings);
    check_outputs(arguments);
    const SpecText spec = read_spec_text(arguments.spec, "replay");
    Recording recording(safetensors::read(arguments.input), arguments.input);
    ReplayPlan plan = ReplayPlan::read(spec, recording);
    if (const auto implementation = arguments.run.implementation()) plan.implementation = implementation;
    recording.move_to(arguments.run.device(), context);
    optim::Optimizer optimizer = make_optimizer(plan, context);
    const safetensors::File file = [&] {
        Progress progress(arguments.run.quiet() ? nullptr : stdout, "replay", plan.steps);
        return run(plan, recording, optimizer, progress);
    }();
    write(arguments, optimizer, file);
    warnings.print();
}

}  // namespace

void add_replay(CommandLine& program) {
    const auto arguments = std::make_shared<ReplayArguments>();
    Command command = program.add_command("replay", "Run an optimizer over recorded gradients");
    command.required("spec", arguments->spec, "JSON file with optimizer, groups, scheduler, steps, record, load; - is stdin", "SPEC.json");
    command.required("input", arguments->input, "tensors param/<name> and grad/<name>/<step>, sparse ones as .../indices and .../values", "INPUT.safetensors");
    command.required("-o,--output", arguments->output, "parameters and state after the recorded steps", "OUTPUT.safetensors");
    command.option("--save-state", arguments->save_state, "the optimizer's state_dict after the last step", "FILE");
    arguments->run.add_to(command);
    arguments->run.allow_device();
    command.run([arguments] { replay(*arguments); });
}

}  // namespace ravine::tools
