#include "schedule.h"

#include "output.h"
#include "plot.h"
#include "progress.h"
#include "run_options.h"
#include "spec.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

namespace ravine::tools {
namespace {

struct Arguments {
    std::string spec;
    std::string output = "-";
    std::string plot;
    std::optional<std::int64_t> resume_at;
    RunOptions run;
};

/// What the spec file says.
struct Plan {
    ClassSpec optimizer;
    std::vector<GroupSpec> groups;
    std::vector<ClassSpec> schedulers;
    std::vector<std::int64_t> epochs;  // empty: plain steps
    std::int64_t steps = 0;
    std::optional<optim::Implementation> implementation;
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
        optimizer_.step([] { return 0.0; });
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

    /// Appends the lr of each group.
    void record(std::vector<double>& lrs) const {
        for (const auto& group : optimizer_.param_groups()) lrs.push_back(group.number("lr"));
    }

  private:
    static optim::Optimizer make_optimizer(const Plan& plan, const Context& context) {
        optim::Optimizer optimizer = optim::make(plan.optimizer.type, {}, plan.optimizer.options, context);
        // Two dimensions, because there are optimizers of matrices only.
        for (const auto& group : plan.groups) optimizer.add_param_group({Parameter(zeros({1, 1}, DType::f32))}, group.options);
        if (plan.implementation) optimizer.set_implementation(*plan.implementation);
        return optimizer;
    }

    const Plan& plan_;
    optim::Optimizer optimizer_;
    std::vector<sched::LRScheduler> schedulers_;
};

/// The lr of each group after t steps, for t from 0.
class Table {
  public:
    explicit Table(std::size_t groups) : groups_(groups) {}
    void add(const Session& session) { session.record(lrs_); }
    std::size_t groups() const { return groups_; }
    std::size_t rows() const { return lrs_.size() / groups_; }
    double lr(std::size_t row, std::size_t group) const { return lrs_[row * groups_ + group]; }
    std::string column(std::size_t group) const { return groups_ == 1 ? "lr" : fmt::format("lr.{}", group); }

  private:
    std::size_t groups_;
    std::vector<double> lrs_;
};

Table run(const Plan& plan, std::optional<std::int64_t> resume_at, const Context& context, Progress& progress) {
    auto session = std::make_unique<Session>(plan, context);
    Table table(plan.groups.size());
    table.add(*session);
    for (std::int64_t t = 0; t <= plan.steps; ++t) {
        if (t == resume_at) {
            auto fresh = std::make_unique<Session>(plan, context);
            fresh->resume(*session);
            session = std::move(fresh);
        }
        if (t == plan.steps) break;
        session->step(t);
        table.add(*session);
        progress.update(t + 1);
    }
    return table;
}

std::string csv(const Table& table) {
    std::string text = "step";
    for (std::size_t g = 0; g < table.groups(); ++g) text += ',' + table.column(g);
    text += '\n';
    for (std::size_t t = 0; t < table.rows(); ++t) {
        text += std::to_string(t);
        for (std::size_t g = 0; g < table.groups(); ++g) {
            text += ',';
            append_double(text, table.lr(t, g));
        }
        text += '\n';
    }
    return text;
}

std::string plot(const Table& table, const Plan& plan) {
    Panel panel;
    for (const ClassSpec& scheduler : plan.schedulers) {
        panel.title += (panel.title.empty() ? "" : " + ") + std::string(sched::class_name(scheduler.type));
    }
    panel.x_label = "step";
    panel.y_label = "learning rate";
    for (std::size_t g = 0; g < table.groups(); ++g) {
        Series series{table.column(g), {}, {}};
        for (std::size_t t = 0; t < table.rows(); ++t) {
            series.x.push_back(static_cast<double>(t));
            series.y.push_back(table.lr(t, g));
        }
        panel.series.push_back(std::move(series));
    }
    return svg({panel});
}

void schedule(Arguments& arguments) {
    Warnings warnings;
    const Context context = arguments.run.context(&warnings);
    Plan plan = read_plan(arguments.spec);
    plan.implementation = arguments.run.implementation();
    const auto& resume_at = arguments.resume_at;
    if (resume_at && (*resume_at < 0 || *resume_at > plan.steps)) {
        throw std::invalid_argument(
            fmt::format("schedule: --resume-at must be from 0 to the number of steps ({}), got {}", plan.steps, *resume_at));
    }
    const bool silent = arguments.run.quiet() || arguments.output == "-" || arguments.plot == "-";
    const Table table = [&] {
        Progress progress(silent ? nullptr : stdout, "schedule", plan.steps);
        return run(plan, resume_at, context, progress);
    }();
    const std::string picture = arguments.plot.empty() ? "" : plot(table, plan);
    write_text(csv(table), arguments.output, "schedule");
    if (!arguments.plot.empty()) write_text(picture, arguments.plot, "schedule");
    warnings.print();
}

}  // namespace

void add_schedule(CommandLine& program) {
    const auto arguments = std::make_shared<Arguments>();
    Command command = program.add_command("schedule", "Print the learning rate of every step of a schedule as CSV");
    command.required("spec", arguments->spec, "JSON file with optimizer, groups, scheduler, steps, epochs; - is stdin", "SPEC.json");
    command.option("-o,--output", arguments->output, "CSV file; - is stdout (default)", "FILE.csv");
    command.option("--plot", arguments->plot, "also draw the curves, as SVG; - is stdout", "FILE.svg");
    command.option("--resume-at", arguments->resume_at, "after K steps save, make new objects, load, go on", "K");
    arguments->run.add_to(command);
    command.run([arguments] { schedule(*arguments); });
}

}  // namespace ravine::tools
