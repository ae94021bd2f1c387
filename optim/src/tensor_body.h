#pragma once
#include "functional_update.h"
#include "optimizer_body.h"
#include "state_store.h"

namespace ravine::inline v0::optim {

/// A tensor of a parameter's state.
struct SlotInfo {
    std::size_t index;  ///< among the names of its class
    Shape shape;
    bool has_rows;      ///< its first dimension is the parameter's
};

/// One update of one parameter.
struct TensorUpdate {
    const Parameter* parameter;
    StateStore::Slots* state;
    std::int64_t step;  ///< 1 for the first
};
using TensorUpdates = std::span<const TensorUpdate>;

/// An optimizer whose update is tensor code. A class says which slots a parameter has, what must hold, and how it moves; this
/// one keeps the state, and calls it with lists of parameters in which none is twice.
class TensorBody : public OptimizerBody {
  public:
    /// How a state shows its number of steps.
    enum class Count : std::uint8_t { none, tensor, integer };

    Dict state(const Parameter& parameter) const override;
    void select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) override;
    /// One update of a group that is not this optimizer's, with state that the caller keeps: of parameter i `state[s].tensors[i]`,
    /// and the number of its step. For functional.h; std::invalid_argument before the first write.
    void update_lists(const Group& group, std::span<const functional::StateList> state, std::span<const std::int64_t> steps);

  protected:
    /// `names` are the slots of all parameters in torch's order; static.
    TensorBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context, Count count,
               std::span<const std::string_view> names);

    virtual std::vector<SlotInfo> slots_of(const Parameter& parameter) const = 0;
    /// Everything that an update could refuse. Nothing has been written yet.
    virtual void check(const Group& group, std::size_t index, TensorUpdates updates) const = 0;
    virtual void update(const Group& group, TensorUpdates updates, const Context& context) = 0;

    template <class Options> static const Options& options_of(const Group& group) { return *static_cast<const Options*>(group.options_data()); }
    static std::vector<Tensor> data_of(TensorUpdates updates);
    static std::vector<Tensor> gradients_of(TensorUpdates updates);
    static std::vector<Tensor> state_of(TensorUpdates updates, std::size_t index);
    /// "'w', group 0", for messages.
    static std::string where(const TensorUpdate& update, std::size_t group);

    void groups_changed() noexcept override {}
    void options_changed() override {}
    void forget_state(const Parameter& parameter) noexcept override { store_.erase(parameter); }
    Parameters parameters_with_state() const override;
    std::shared_ptr<void> prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const override;
    void exchange_states(void* prepared) noexcept override;

  private:
    /// Updates of one group in which no parameter is twice.
    struct Batch {
        std::size_t group;
        std::vector<TensorUpdate> updates;
    };

    void update() override;
    std::vector<Batch> collect();
    void check_state(const TensorUpdate& update, std::size_t group) const;
    void check_list(const Parameter& parameter, const SlotInfo& slot, const functional::StateList& list, std::size_t index) const;
    void check_capture(const Parameter& parameter) const;
    void make_state(const TensorUpdate& update) const;
    void unscale(const std::vector<Batch>& batches);
    Tensor make_slot(const SlotInfo& slot, const Tensor& data) const;
    void load(const LoadedState& state, const LoadRules& rules, StateStore::Slots& slots, Complaints& complaints) const;

    const Count count_;
    const std::span<const std::string_view> names_;
    StateStore store_;
};

}  // namespace ravine::inline v0::optim
