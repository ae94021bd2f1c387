#pragma once
#include "dataset.h"
#include "mlp.h"
#include "train_optimizers.h"

#include <ravine/runtime/function_ref.h>
#include <ravine/swa/averaged_model.h>

#include <optional>
#include <vector>

namespace ravine::tools {

/// A data set in the dtype of a network, on the host.
struct TrainData {
    TrainData(Dataset dataset, DType dtype);

    std::string name, crc32;
    std::int64_t features, classes;
    Tensor train, test;
    std::vector<std::int32_t> train_labels, test_labels;
};

/// How the model does after an epoch.
struct EpochRecord {
    Score train, test;
    std::optional<double> averaged;  ///< accuracy of the averaged model on the test part
    double lr = 0;                   ///< that the epoch was trained with
};

/// What an epoch took.
struct EpochTime {
    std::int64_t steps = 0;
    double seconds = 0;            ///< all of it
    double training_seconds = 0;   ///< without looking how the model does
    double optimizer_seconds = 0;  ///< of steps of the optimizer
};

/// One training. Only the optimizer and the average use more than the calling thread. Move-only.
class TrainRun {
  public:
    /// `data` must outlive this. The model and all that belongs to it lie on `device`. std::exception for options that the
    /// optimizer or the scheduler refuses.
    TrainRun(TrainSettings settings, const TrainData& data, std::optional<optim::Implementation> implementation, Device device,
             const Context& context);

    /// One more epoch. `after_step` is called after every step with the number of steps in this epoch.
    void train_epoch(function_ref<void(std::int64_t)> after_step);

    const TrainSettings& settings() const { return settings_; }
    const TrainData& data() const { return *data_; }
    Device device() const { return network_.device(); }
    std::int64_t epoch() const { return static_cast<std::int64_t>(history_.size()); }
    bool done() const { return epoch() >= settings_.epochs; }
    std::int64_t steps_per_epoch() const;
    std::int64_t weights() const { return network_.weights(); }
    double lr() const { return optimizers_.lr(); }
    /// Of all epochs, also those before a break.
    const std::vector<EpochRecord>& history() const { return history_; }
    /// Of the epochs since this object was made.
    const std::vector<EpochTime>& times() const { return times_; }

    /// Everything that decides how it goes on; the tensors are the live ones.
    Dict state_dict() const;
    /// Goes on where another one with the same settings (but for the number of epochs) and data was. std::exception if
    /// anything is missing or does not fit; the run is of no use then.
    void load_state_dict(const Dict& state);

  private:
    std::vector<std::int64_t> order() const;
    void gather(std::span<const std::int64_t> rows);
    void make_averaged(const Context& context);
    void average(bool end_of_epoch);
    double averaged_accuracy();

    TrainSettings settings_;
    const TrainData* data_;
    Mlp network_;
    Parameters parameters_;
    TrainOptimizers optimizers_;
    std::optional<swa::AveragedModel> averaged_;
    std::optional<Mlp> averaged_network_;  // whose norms have the averages' statistics
    Tensor batch_;
    std::vector<std::int32_t> batch_labels_;
    std::vector<EpochRecord> history_;
    std::vector<EpochTime> times_;
};

}  // namespace ravine::tools
