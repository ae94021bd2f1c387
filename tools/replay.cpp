#include "replay.h"

#include "progress.h"
#include "recording.h"
#include "run_options.h"
#include "spec.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/registry.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
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

/// The steps after which parameters and state are kept.
struct Record {
    bool all = false;
    std::set<std::int64_t> some;
    bool has(std::int64_t step) const { return all || some.count(step) > 0; }
};

/// What the spec file says.
struct ReplayPlan {
    ClassSpec optimizer;
    std::optional<std::vector<GroupSpec>> groups;
    std::vector<ClassSpec> schedulers;
    std::optional<optim::Implementation> implementation;
    std::string load;  // empty: nothing
    std::int64_t steps = 0;
    Record record;
};

Record read_record(const Spec& spec, std::int64_t steps) {
    const Json* json = spec.find("record");
    if (json == nullptr || *json == "last") return {.all = false, .some = {steps}};
    if (*json == "all") return {.all = true, .some = {}};
    if (!json->is_array()) spec.refuse("record must be \"last\", \"all\" or a list of steps", shown(*json));
    Record result;
    for (std::size_t i = 0; i < json->size(); ++i) {
        const Json& step = (*json)[i];
        const bool inside = step.is_number_integer() && step >= 1 && step <= steps;
        if (!inside) spec.refuse(fmt::format("record[{}] must be a step from 1 to {}", i, steps), shown(step));
        result.some.insert(step.get<std::int64_t>());
    }
    return result;
}

/// A path in a spec is relative to the spec.
std::string beside(const std::string& spec, const std::string& path) {
    return spec == "-" ? path : (std::filesystem::path(spec).parent_path() / path).string();
}

ReplayPlan read_plan(const Spec& spec, const Recording& recording) {
    ReplayPlan plan;
    plan.optimizer = spec.optimizer();
    plan.groups = spec.groups(true);
    plan.schedulers = spec.schedulers();
    plan.implementation = spec.implementation();
    if (const auto path = spec.string("load")) plan.load = beside(spec.path(), *path);
    plan.steps = spec.steps().value_or(recording.last_step());
    plan.record = read_record(spec, plan.steps);
    return plan;
}

void check_optimizer(const ReplayPlan& plan) {
    check_needs_no_closure(optim::class_name(plan.optimizer.type), "replay");
}

/// The parameters of every group, in order.
std::vector<Parameters> group_parameters(const Spec& spec, const ReplayPlan& plan, const Recording& recording) {
    if (!plan.groups) return {recording.parameters()};
    std::vector<Parameters> result;
    std::set<std::string> used;
    for (const GroupSpec& group : *plan.groups) {
        Parameters parameters;
        for (const std::string& name : *group.params) {
            const Parameter* parameter = recording.find(name);
            if (parameter == nullptr) {
                std::vector<std::string> known;
                for (const Parameter& one : recording.parameters()) known.push_back(one.name());
                spec.refuse(fmt::format("groups[{}].params must be among {}", result.size(), fmt::join(known, ", ")),
                            fmt::format("'{}'", name));
            }
            parameters.push_back(*parameter);
            used.insert(name);
        }
        result.push_back(std::move(parameters));
    }
    for (const Parameter& parameter : recording.parameters()) {
        if (used.count(parameter.name()) == 0) {
            spec.refuse("every parameter of the input must be in a group", fmt::format("'{}' in none", parameter.name()));
        }
    }
    return result;
}

optim::Optimizer make_optimizer(const Spec& spec, const ReplayPlan& plan, const Recording& recording, const Context& context) {
    const std::vector<Parameters> parameters = group_parameters(spec, plan, recording);
    optim::Optimizer optimizer = optim::make(plan.optimizer.type, {}, plan.optimizer.options, context);
    for (std::size_t g = 0; g < parameters.size(); ++g) {
        optimizer.add_param_group(parameters[g], plan.groups ? (*plan.groups)[g].options : Dict());
    }
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
    const Spec spec("replay", arguments.spec,
                    {"optimizer", "groups", "scheduler", "steps", "implementation", "record", "load"});
    Recording recording(safetensors::read(arguments.input), arguments.input);
    ReplayPlan plan = read_plan(spec, recording);
    if (const auto implementation = arguments.run.implementation()) plan.implementation = implementation;
    check_optimizer(plan);
    recording.move_to(arguments.run.device(), context);
    optim::Optimizer optimizer = make_optimizer(spec, plan, recording, context);
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
