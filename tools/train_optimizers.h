#pragma once
#include "train_options.h"

#include <ravine/optim/optimizer.h>
#include <ravine/sched/scheduler.h>

#include <optional>
#include <vector>

namespace ravine::tools {

/// What steps the parameters of a training: an optimizer of the settings' class with its scheduler. One that takes matrices only
/// has the weights, but for the last layer's if there are others, and an AdamW with torch's defaults and the same scheduler has all else.
class TrainOptimizers {
  public:
    /// std::exception for options that an optimizer or the scheduler refuses.
    TrainOptimizers(const TrainSettings& settings, const Parameters& parameters, std::optional<optim::Implementation> implementation,
                    const Context& context);

    void step();
    /// A scheduler steps; `metric` is for one that wants to know how well it goes.
    void end_epoch(double metric);
    /// Of the settings' class.
    double lr() const;
    /// The optimizer that has all parameters; null if there are two.
    optim::Optimizer* only() noexcept { return parts_.size() == 1 ? &parts_[0].optimizer : nullptr; }

    /// Adds "optimizer" and "scheduler", and "beside" with the same of the AdamW; the tensors are the live ones. The implementation
    /// is no part of it: it changes no bit.
    void save(Dict& state) const;
    /// std::exception if anything is missing or does not fit.
    void load(const Dict& state);

  private:
    struct Part {
        optim::Optimizer optimizer;
        Dict own_flags;  // how the options themselves choose an implementation
        std::optional<sched::LRScheduler> scheduler;
    };
    void add(const TrainSettings& settings, optim::Optimizer optimizer);
    Dict state_of(const Part& part) const;
    void load_part(Part& part, const Dict& state);

    std::optional<optim::Implementation> implementation_;
    std::vector<Part> parts_;
};

/// Before the data are read: refuses what cannot train a network. std::invalid_argument.
void check_trains(const TrainSettings& settings);

}  // namespace ravine::tools
