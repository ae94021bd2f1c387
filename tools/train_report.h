#pragma once
#include "train_run.h"

#include <memory>
#include <string>
#include <vector>

namespace ravine::tools {

using TrainRuns = std::vector<std::unique_ptr<TrainRun>>;

/// What is about to be trained on what, in one line without its end.
std::string train_heading(const TrainRun& run);
/// The last epoch of a run that has one, in one line without its end.
std::string epoch_line(const TrainRun& run);
/// How the runs ended, a line each.
std::string train_table(const TrainRuns& runs);
/// An object and a line for each run, with the keys that other people's scripts read.
std::string train_json(const TrainRuns& runs, optim::Implementation implementation, int threads);
/// Curves of a run, or of several runs together, as SVG.
std::string train_plot(const TrainRuns& runs);

}  // namespace ravine::tools
