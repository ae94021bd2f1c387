#pragma once
#include <ravine/runtime/export.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace ravine::inline v0::sched {

/// Epochs at which something happens, some of them more than once: torch's Counter. In the order in which each was first given.
class RAVINE_API Milestones {
  public:
    using Count = std::pair<std::int64_t, std::int64_t>;  ///< an epoch, and how often it was given

    Milestones() = delete;  // an option without a default must be given
    Milestones(std::initializer_list<std::int64_t> epochs) : Milestones(std::span(epochs.begin(), epochs.size())) {}
    Milestones(const std::vector<std::int64_t>& epochs) : Milestones(std::span(epochs)) {}
    explicit Milestones(std::vector<Count> counts) : counts_(std::move(counts)) {}

    std::span<const Count> counts() const noexcept { return counts_; }
    /// How often an epoch was given.
    std::int64_t at(std::int64_t epoch) const noexcept;
    /// How many epochs were given that are not after this one.
    std::int64_t up_to(std::int64_t epoch) const noexcept;

  private:
    explicit Milestones(std::span<const std::int64_t> epochs);
    std::vector<Count> counts_;
};

}  // namespace ravine::inline v0::sched
