#include "schedule.h"

#include "output.h"
#include "plot.h"
#include "progress.h"
#include "run_options.h"
#include "schedule_plan.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
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

/// An optimizer with one dummy parameter per group, and its schedulers.
class Session {
  public:
    Session(const SchedulePlan& plan, const Context& context) : plan_(plan), optimizer_(make_optimizer(plan, context)) {
        schedulers_ = make_schedulers(plan.schedulers, optimizer_);
        plan.check(schedulers_);
    }

    /// The step number `t`, from 0.
    void step(std::int64_t t) {
        optimizer_.step([] { return 0.0; });
        for (auto& scheduler : schedulers_) step(scheduler, static_cast<std::size_t>(t));
    }

    /// Goes on where another one is. The optimizer last: its state has the lr that a scheduler's constructor overwrote.
    void resume(const Session& other) {
        for (std::size_t i = 0; i < schedulers_.size(); ++i) {
            schedulers_[i].load_state_dict(other.schedulers_[i].state_dict());
        }
        optimizer_.load_state_dict(other.optimizer_.state_dict());
    }

    /// The name of the momentum that schedulers drive; empty if none does.
    std::string_view momentum() const {
        const auto drives = [](const auto& scheduler) { return scheduler.drives_momentum(); };
        if (std::none_of(schedulers_.begin(), schedulers_.end(), drives)) return {};
        return optimizer_.param_groups()[0].has("betas") ? "beta1" : "momentum";
    }
    /// Appends the lr of each group, then the momentum of each if schedulers drive it.
    void record(std::vector<double>& result) const {
        for (const auto& group : optimizer_.param_groups()) result.push_back(group.number("lr"));
        const std::string_view name = momentum();
        for (const auto& group : optimizer_.param_groups()) {
            if (!name.empty()) result.push_back(name == "beta1" ? group.get("betas").items()[0].number() : group.number(name));
        }
    }

  private:
    static optim::Optimizer make_optimizer(const SchedulePlan& plan, const Context& context) {
        optim::Optimizer optimizer = optim::make(plan.optimizer.type, {}, plan.optimizer.options, context);
        // Two dimensions, because there are optimizers of matrices only.
        for (const auto& group : plan.groups) optimizer.add_param_group({Parameter(zeros({1, 1}, DType::f32))}, group.options);
        if (plan.implementation) optimizer.set_implementation(*plan.implementation);
        return optimizer;
    }
    void step(sched::LRScheduler& scheduler, std::size_t t) {
        const Value* epoch = plan_.epochs.empty() ? nullptr : &plan_.epochs[t];
        if (scheduler.step_argument() == sched::StepArgument::metric) {
            if (epoch == nullptr) scheduler.step_with(plan_.metrics[t]);
            else scheduler.step_with(plan_.metrics[t], epoch->as<std::int64_t>());
        } else if (epoch == nullptr) {
            scheduler.step();
        } else if (epoch->is(Value::Kind::floating)) {
            scheduler.step_with(epoch->number());
        } else {
            scheduler.step(epoch->as<std::int64_t>());
        }
    }

    const SchedulePlan& plan_;
    optim::Optimizer optimizer_;
    std::vector<sched::LRScheduler> schedulers_;
};

/// A row of numbers after t steps, for t from 0.
struct Table {
    std::size_t groups;
    std::vector<std::string> columns;
    std::vector<double> numbers;  // row by row

    std::size_t rows() const { return numbers.size() / columns.size(); }
    double at(std::size_t row, std::size_t column) const { return numbers[row * columns.size() + column]; }
    void add(const Session& session) { session.record(numbers); }
};

Table table_for(const Session& session, std::size_t groups) {
    Table table{groups, {}, {}};
    for (const std::string_view name : {std::string_view("lr"), session.momentum()}) {
        if (name.empty()) continue;
        for (std::size_t g = 0; g < groups; ++g) {
            table.columns.push_back(groups == 1 ? std::string(name) : fmt::format("{}.{}", name, g));
        }
    }
    return table;
}

Table run(const SchedulePlan& plan, std::optional<std::int64_t> resume_at, const Context& context, Progress& progress) {
    auto session = std::make_unique<Session>(plan, context);
    Table table = table_for(*session, plan.groups.size());
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
    for (const std::string& column : table.columns) text += ',' + column;
    text += '\n';
    for (std::size_t t = 0; t < table.rows(); ++t) {
        text += std::to_string(t);
        for (std::size_t c = 0; c < table.columns.size(); ++c) {
            text += ',';
            append_double(text, table.at(t, c));
        }
        text += '\n';
    }
    return text;
}

/// The curves of some columns.
Panel panel(const Table& table, std::size_t first, std::string_view y_label) {
    Panel result;
    result.x_label = "step";
    result.y_label = y_label;
    for (std::size_t c = first; c < first + table.groups; ++c) {
        Series series{table.columns[c], {}, {}};
        for (std::size_t t = 0; t < table.rows(); ++t) {
            series.x.push_back(static_cast<double>(t));
            series.y.push_back(table.at(t, c));
        }
        result.series.push_back(std::move(series));
    }
    return result;
}

std::string plot(const Table& table, const SchedulePlan& plan) {
    std::vector<Panel> panels = {panel(table, 0, "learning rate")};
    for (const ClassSpec& scheduler : plan.schedulers) {
        panels[0].title += (panels[0].title.empty() ? "" : " + ") + std::string(sched::class_name(scheduler.type));
    }
    if (table.columns.size() > table.groups) {
        panels.push_back(panel(table, table.groups, table.columns[table.groups].starts_with("beta1") ? "beta1" : "momentum"));
    }
    return svg(panels);
}

void schedule(Arguments& arguments) {
    Warnings warnings;
    const Context context = arguments.run.context(&warnings);
    SchedulePlan plan = SchedulePlan::read(read_spec_text(arguments.spec, "schedule"));
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
    Command command = program.add_command(
        "schedule", "Print the learning rate of every step of a schedule as CSV, and momentum where it is driven");
    command.required("spec", arguments->spec, "JSON file with optimizer, groups, scheduler, steps, metrics, epochs; - is stdin",
                     "SPEC.json");
    command.option("-o,--output", arguments->output, "CSV file; - is stdout (default)", "FILE.csv");
    command.option("--plot", arguments->plot, "also draw the curves, as SVG; - is stdout", "FILE.svg");
    command.option("--resume-at", arguments->resume_at, "after K steps save, make new objects, load, go on", "K");
    arguments->run.add_to(command);
    command.run([arguments] { schedule(*arguments); });
}

}  // namespace ravine::tools
