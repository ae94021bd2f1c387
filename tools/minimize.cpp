#include "minimize.h"

#include "contour_plot.h"
#include "minimize_run.h"
#include "output.h"
#include "progress.h"
#include "run_options.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace ravine::tools {
namespace {

struct MinimizeArguments {
    std::string spec;
    std::string output = "-";
    std::string plot;
    RunOptions run;
};

std::string header(std::size_t dimensions) {
    std::string text = "step,loss,grad_norm,evals";
    for (std::size_t i = 0; i < dimensions; ++i) text += fmt::format(",x{}", i);
    return text + '\n';
}

void append(std::string& csv, const MinimizeRow& row) {
    csv += fmt::format("{},", row.step);
    append_double(csv, row.loss);
    csv += ',';
    append_double(csv, row.grad_norm);
    csv += fmt::format(",{}", row.evals);
    for (const double x : row.x) {
        csv += ',';
        append_double(csv, x);
    }
    csv += '\n';
}

/// The way over the plane, under what the run came to.
std::string picture(const MinimizePlan& plan, std::vector<PlanePoint> path, double loss, std::int64_t evals) {
    const auto value = [&](double x, double y) {
        double gradient[2];
        return plan.objective(std::span<const double>(std::array{x, y}), gradient);
    };
    const std::string title = fmt::format("{} on {}: loss {:.4g} after {} steps and {} evaluations", optim::class_name(plan.optimizer.type),
                                          plan.objective.name(), loss, plan.steps, evals);
    return contour_svg({title, "x0", "x1", std::move(path)}, value);
}

void minimize(MinimizeArguments& arguments) {
    Warnings warnings;
    const Context context = arguments.run.context(&warnings);
    const MinimizePlan plan = read_minimize_plan(read_spec_text(arguments.spec, "minimize"));
    const bool draws = !arguments.plot.empty();
    if (draws && plan.start.size() != 2) {
        throw std::invalid_argument(fmt::format("minimize: --plot must go with a function of two dimensions, got {}", plan.start.size()));
    }
    const bool silent = arguments.run.quiet() || arguments.output == "-" || arguments.plot == "-";
    std::string csv = header(plan.start.size());
    std::vector<PlanePoint> path;
    double loss = 0;
    std::int64_t evals = 0;
    {
        Progress progress(silent ? nullptr : stdout, "minimize", plan.steps);
        run_minimize(plan, arguments.run.implementation(), arguments.run.device(), context, [&](const MinimizeRow& row) {
            append(csv, row);
            if (draws) path.push_back({row.x[0], row.x[1]});
            loss = row.loss;
            evals = row.evals;
            progress.update(row.step);
        });
    }
    const std::string drawing = draws ? picture(plan, std::move(path), loss, evals) : "";
    write_text(csv, arguments.output, "minimize");
    if (draws) write_text(drawing, arguments.plot, "minimize");
    warnings.print();
}

}  // namespace

void add_minimize(CommandLine& program) {
    const auto arguments = std::make_shared<MinimizeArguments>();
    Command command = program.add_command("minimize", "Minimize a function that is known by its formula, step by step");
    command.required("spec", arguments->spec, "JSON file with function, start, dtype, optimizer, scheduler, steps; - is stdin", "SPEC.json");
    command.option("-o,--output", arguments->output, "CSV file; - is stdout (default)", "FILE.csv");
    command.option("--plot", arguments->plot, "also draw the way over the function's contour lines, as SVG; - is stdout", "FILE.svg");
    arguments->run.add_to(command);
    arguments->run.allow_device();
    command.run([arguments] { minimize(*arguments); });
}

}  // namespace ravine::tools
