#include "train.h"

#include "output.h"
#include "progress.h"
#include "train_checkpoint.h"
#include "train_options.h"
#include "train_report.h"

#include <ravine/runtime/linalg.h>

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

namespace ravine::tools {
namespace {

/// Everything that is to be trained, ready to go on. All that can be refused is refused here.
struct Work {
    std::unique_ptr<TrainData> data;
    TrainRuns runs;
};

Work prepare(const TrainOptions& options, const Context& context) {
    std::optional<TrainCheckpoint> checkpoint;
    if (!options.resume.empty() && !options.compares()) checkpoint.emplace(options.resume, context);
    const std::vector<TrainSettings> settings =
        options.compares() ? options.compared()
                           : std::vector{checkpoint ? options.settings(checkpoint->settings()) : options.settings()};
    for (const TrainSettings& one : settings) check_trains(one);
    Work work{std::make_unique<TrainData>(load_dataset(options.data), settings[0].dtype), {}};
    for (const TrainSettings& one : settings) {
        work.runs.push_back(std::make_unique<TrainRun>(one, *work.data, options.run.implementation(), options.run.device(), context));
    }
    if (checkpoint) checkpoint->restore(*work.runs[0]);
    return work;
}

void train_all(const TrainRuns& runs, const TrainOptions& options) {
    std::int64_t total = 0, done = 0;
    for (const auto& run : runs) total += (run->settings().epochs - run->epoch()) * run->steps_per_epoch();
    Progress progress(options.run.quiet() ? nullptr : stdout, "train", total);
    for (const auto& run : runs) {
        progress.print(train_heading(*run));
        while (!run->done()) {
            run->train_epoch([&](std::int64_t steps) { progress.update(done + steps); });
            done += run->times().back().steps;
            if (!options.save.empty()) save_run(*run, options.save);
            progress.print(epoch_line(*run));
        }
    }
}

bool is_same_file(const std::string& a, const std::string& b) {
    std::error_code error;
    return std::filesystem::equivalent(a, b, error);
}

void train(TrainOptions& options) {
    Warnings warnings;
    const Context context = options.run.context(&warnings);
    linalg::use_one_blas_thread();
    options.check_places();
    const Work work = prepare(options, context);
    const TrainRun& first = *work.runs[0];
    if (first.done() && !options.save.empty() && !is_same_file(options.save, options.resume)) save_run(first, options.save);
    train_all(work.runs, options);
    if (!options.plot.empty()) write_text(train_plot(work.runs), options.plot, "train");
    const auto implementation = options.run.implementation().value_or(optim::Implementation::automatic);
    write_text(options.json ? train_json(work.runs, implementation, context.executor->concurrency()) : train_table(work.runs), "-", "train");
    warnings.print();
}

}  // namespace

void add_train(CommandLine& program) {
    const auto options = std::make_shared<TrainOptions>();
    Command command = program.add_command("train", "Train a small network on real data");
    options->add_to(command);
    command.run([options] { train(*options); });
}

}  // namespace ravine::tools
