#include "schedule.h"

#include "spec.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <stdexcept>

namespace ravine::tools {
namespace {

struct Arguments {
    std::string spec;
    std::string output = "-";
    std::string plot;
    std::int64_t resume_at = -1;  // never
};

/// What the spec file says.
struct Plan {
    ClassSpec optimizer;
    std::vector<GroupSpec> groups;
    std::vector<ClassSpec> schedulers;
    std::vector<std::int64_t> epochs;  // empty: plain steps
    std::int64_t steps = 0;
};

std::vector<std::int64_t> read_epochs(const Spec& spec, const std::vector<ClassSpec>& schedulers) {
    const Json* json = spec.find("epochs");
    if (json == nullptr) return {};
    if (schedulers.size() != 1) spec.refuse("epochs must go with one scheduler", fmt::format("{} of them", schedulers.size()));
    if (!json->is_array() || json->empty()) spec.refuse("epochs must be a list of at least one integer", shown(*json));
    std::vector<std::int64_t> result;
    for (const Json& epoch : *json) {
        const bool integer = epoch.is_number_integer() && (!epoch.is_number_unsigned() || epoch.get<std::uint64_t>() >> 63 == 0);
        if (!integer) spec.refuse(fmt::format("epochs[{}] must be an integer", result.size()), shown(epoch));
        result.push_back(epoch.get<std::int64_t>());
    }
    return result;
}

std::int64_t read_steps(const Spec& spec, const std::vector<std::int64_t>& epochs) {
    const auto given = spec.steps();
    if (epochs.empty()) {
        if (!given) spec.refuse("steps must be given", "none");
        return *given;
    }
    const auto available = static_cast<std::int64_t>(epochs.size());
    if (given.value_or(available) > available) {
        spec.refuse(fmt::format("epochs must have one for each of the {} steps", *given), fmt::format("{} of them", available));
    }
    return given.value_or(available);
}

Plan read_plan(const std::string& path) {
    const Spec spec("schedule", path, {"optimizer", "groups", "scheduler", "steps", "metrics", "epochs"});
    Plan plan;
    plan.optimizer = spec.optimizer();
    plan.groups = spec.groups(false).value_or(std::vector<GroupSpec>(1));
    plan.schedulers = spec.schedulers();
    if (plan.schedulers.empty()) spec.refuse("scheduler must be given", "none");
    if (spec.find("metrics") != nullptr) {
        spec.refuse("metrics must go with a scheduler whose step takes one", plan.schedulers[0].type);
    }
    plan.epochs = read_epochs(spec, plan.schedulers);
    plan.steps = read_steps(spec, plan.epochs);
    return plan;
}

/// An optimizer with one dummy parameter per group, and its schedulers.
class Session {
  public:
    Session(const Plan& plan, const Context& context) : plan_(plan), optimizer_(make_optimizer(plan, context)) {
        schedulers_ = make_schedulers(plan.schedulers, optimizer_);
        for (const auto& scheduler : schedulers_) {
            if (plan.epochs.empty() || scheduler.step_argument() == sched::StepArgument::epoch) continue;
            throw std::invalid_argument(fmt::format("{}: epochs must go with a scheduler whose step takes one, got {}",
                                                    scheduler.name(), scheduler.name()));
        }
    }

    /// The step number `t`, from 0.
    void step(std::int64_t t) {
        optimizer_.step();
        for (auto& scheduler : schedulers_) {
            if (plan_.epochs.empty()) scheduler.step();
            else scheduler.step(plan_.epochs[static_cast<std::size_t>(t)]);
        }
    }

    /// Goes on where another one is. The optimizer last: its state has the lr that a scheduler's constructor overwrote.
    void resume(const Session& other) {
        for (std::size_t i = 0; i < schedulers_.size(); ++i) {
            schedulers_[i].load_state_dict(other.schedulers_[i].state_dict());
        }
        optimizer_.load_state_dict(other.optimizer_.state_dict());
    }

    std::vector<double> lrs() const {
        std::vector<double> result;
        for (const auto& group : optimizer_.param_groups()) result.push_back(group.number("lr"));
        return result;
    }

  private:
    static optim::Optimizer make_optimizer(const Plan& plan, const Context& context) {
        optim::Optimizer optimizer = optim::make(plan.optimizer.type, {}, plan.optimizer.options, context);
        // Two dimensions, because there are optimizers of matrices only.
        for (const auto& group : plan.groups) optimizer.add_param_group({Parameter(zeros({1, 1}, DType::f32))}, group.options);
        return optimizer;
    }

    const Plan& plan_;
    optim::Optimizer optimizer_;
    std::vector<sched::LRScheduler> schedulers_;
};

/// Row t holds the lr of each group after t steps.
std::vector<std::vector<double>> run(const Plan& plan, std::int64_t resume_at, Warnings& warnings) {
    const Context context{.log = &warnings};
    auto session = std::make_unique<Session>(plan, context);
    std::vector<std::vector<double>> rows = {session->lrs()};
    for (std::int64_t t = 0; t <= plan.steps; ++t) {
        if (t == resume_at) {
            auto fresh = std::make_unique<Session>(plan, context);
            fresh->resume(*session);
            session = std::move(fresh);
        }
        if (t == plan.steps) break;
        session->step(t);
        rows.push_back(session->lrs());
    }
    return rows;
}

std::string csv(const std::vector<std::vector<double>>& rows) {
    const std::size_t groups = rows[0].size();
    std::string text = "step";
    for (std::size_t g = 0; g < groups; ++g) text += groups == 1 ? ",lr" : fmt::format(",lr.{}", g);
    text += '\n';
    for (std::size_t t = 0; t < rows.size(); ++t) {
        text += std::to_string(t);
        for (const double lr : rows[t]) text.append(",").append(repr(lr));
        text += '\n';
    }
    return text;
}

void schedule(const Arguments& arguments) {
    const Plan plan = read_plan(arguments.spec);
    if (arguments.resume_at > plan.steps) {
        throw std::invalid_argument(fmt::format("schedule: --resume-at must be from 0 to the number of steps ({}), got {}",
                                                plan.steps, arguments.resume_at));
    }
    Warnings warnings;
    const auto rows = run(plan, arguments.resume_at, warnings);
    write_text(csv(rows), arguments.output);
    warnings.print();
}

}  // namespace

void add_schedule(CLI::App& program) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("schedule", "Print the learning rate of every step of a schedule as CSV");
    command->add_option("spec", arguments->spec, "JSON file with optimizer, groups, scheduler, steps, epochs; - is stdin")
        ->required()
        ->type_name("SPEC.json");
    command->add_option("-o,--output", arguments->output, "CSV file; - is stdout (default)")->type_name("FILE.csv");
    command->add_option("--plot", arguments->plot, "also draw the curves")->type_name("FILE.svg");
    command->add_option("--resume-at", arguments->resume_at, "after K steps save, make new objects, load, go on")
        ->type_name("K")
        ->check(CLI::NonNegativeNumber);
    command->callback([arguments] { schedule(*arguments); });
}

}  // namespace ravine::tools
