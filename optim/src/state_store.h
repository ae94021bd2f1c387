#pragma once
#include <ravine/optim/algorithm.h>
#include <ravine/optim/parameter.h>

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

namespace ravine::inline v0::optim {

/// The state of an elementwise algorithm: some tensors per parameter and a count of steps, in the order in which the
/// parameters got it.
class StateStore {
  public:
    static constexpr std::size_t no_entry = static_cast<std::size_t>(-1);

    struct Slots {
        explicit Slots(Parameter owner) : parameter(std::move(owner)) {}
        Parameter parameter;
        std::array<Tensor, kernels::max_slots - 2> tensors;  ///< in the order of the algorithm's state names
        SparseTensor sparse;            ///< in place of the first of them, where gradients were sparse
        std::int64_t step = 0;          ///< where neither `entry` nor a device counts it
        CarriedScalars scalars{};       ///< that the rule carries on, where `step` holds
        Tensor count;                   ///< where a device counts the steps: f64 there, the step and the rule's scalars
        std::size_t entry = no_entry;   ///< which entry of the optimizer's plan counts the steps
        bool exists = false;            ///< false until the first update: nobody sees it before (but see `count`)
    };

    /// Null if the parameter has none.
    const Slots* find(const Parameter& parameter) const noexcept {
        const auto found = index_.find(parameter.body());
        return found == index_.end() ? nullptr : found->second;
    }
    Slots* find(const Parameter& parameter) noexcept { return const_cast<Slots*>(std::as_const(*this).find(parameter)); }
    /// Those of the parameter; new ones do not exist yet. They stay where they are.
    Slots& obtain(const Parameter& parameter);
    void erase(const Parameter& parameter) noexcept;

    auto begin() const noexcept { return all_.begin(); }
    auto end() const noexcept { return all_.end(); }
    void swap(StateStore& other) noexcept {
        all_.swap(other.all_);
        index_.swap(other.index_);
    }

  private:
    std::vector<std::unique_ptr<Slots>> all_;
    std::unordered_map<const Parameter::Body*, Slots*> index_;
};

}  // namespace ravine::inline v0::optim
