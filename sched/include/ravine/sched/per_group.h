#pragma once
#include <concepts>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace ravine::inline v0::sched {

/// One number for all groups of an optimizer, or one for each: `.max_lr = 0.1`, `.max_lr = {0.1, 0.02}`.
class PerGroup {
  public:
    PerGroup() = delete;  // an option without a default must be given
    template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool>) PerGroup(Number number)
        : numbers_{static_cast<double>(number)} {}
    PerGroup(std::initializer_list<double> numbers) : numbers_(numbers), is_list_(true) {}
    PerGroup(std::vector<double> numbers) : numbers_(std::move(numbers)), is_list_(true) {}

    bool is_list() const noexcept { return is_list_; }
    /// As given: one if it is no list.
    const std::vector<double>& numbers() const noexcept { return numbers_; }

  private:
    std::vector<double> numbers_;
    bool is_list_ = false;
};

}  // namespace ravine::inline v0::sched
