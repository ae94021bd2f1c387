#pragma once
#include "train_run.h"

namespace ravine::tools {

/// What --save wrote.
class TrainCheckpoint {
  public:
    /// std::runtime_error that names the file if it is damaged, or not written by `train`.
    explicit TrainCheckpoint(const std::string& path, const Context& context);

    const TrainSettings& settings() const { return settings_; }
    /// Lets a run with these settings go on from there. std::invalid_argument if it has other data, std::runtime_error
    /// if the file is not whole.
    void restore(TrainRun& run) const;

  private:
    [[noreturn]] void refuse(std::string_view why) const;

    std::string path_;
    Value tree_;
    TrainSettings settings_;
};

/// Whole or not at all, with the same bytes for the same state.
void save_run(const TrainRun& run, const std::string& path);

}  // namespace ravine::tools
