#pragma once
#include "dtype_name.h"
#include "run_options.h"

#include <ravine/runtime/value.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ravine::tools {

/// What decides about the result of a training, as a file keeps it.
struct TrainSettings {
    std::vector<std::int64_t> hidden = {64};
    bool batch_norm = false;  ///< before each ReLU
    std::string optimizer = "AdamW";
    Dict options;
    std::string scheduler;  ///< empty: none
    Dict scheduler_options;
    std::int64_t swa_start = 0;  ///< the first epoch that the equal average takes in; 0: none
    std::optional<double> ema;
    std::int64_t epochs = 30;
    std::int64_t batch = 16;
    DType dtype = DType::f32;
    std::int64_t seed = 0;
    /// Only where it decides about bits: in 16 bits. Otherwise a run may go on with any.
    std::optional<optim::Implementation> implementation;

    /// std::invalid_argument that names the option.
    void check() const;
    /// By the names of the command line, without the dashes.
    Dict to_dict() const;
    /// std::exception for anything that is not there, of another kind, or out of range.
    static TrainSettings from_dict(const Dict& dict);
};

/// The command line of `train`.
class TrainOptions {
  public:
    void add_to(Command& command);

    /// The settings that the command line asks for, on the defaults or on what a file has. std::invalid_argument for a bad
    /// value, or for one that contradicts the file: only `epochs` may grow.
    TrainSettings settings() const;
    TrainSettings settings(const TrainSettings& file) const;
    /// One for each optimizer of --compare.
    std::vector<TrainSettings> compared() const;
    bool compares() const { return !compare_.empty(); }
    /// The other files that are written must have a place. std::invalid_argument.
    void check_places() const;

    std::string data, save, resume, plot;
    bool json = false;
    RunOptions run;

  private:
    void apply(TrainSettings& settings) const;

    std::vector<std::string> compare_;
    std::optional<std::string> model_, hidden_, optimizer_, scheduler_, dtype_;
    std::vector<std::string> set_, scheduler_set_;
    bool batch_norm_ = false;
    std::optional<std::int64_t> swa_start_, epochs_, batch_, seed_;
    std::optional<double> ema_;
};

}  // namespace ravine::tools
