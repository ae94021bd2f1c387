#pragma once
#include "optimizer_body.h"
#include "state_store.h"

#include <ravine/optim/algorithm.h>
#include <ravine/runtime/plan.h>
#include <ravine/runtime/update.h>

#include <bit>
#include <optional>
#include <tuple>

namespace ravine::inline v0::optim {

/// The optimizer of an elementwise algorithm: its parameters' rows in a plan, and the scalars of each step.
///
/// A plan is kept from step to step. Parameters that agree in group, dtype, step and kernel share one entry, which counts
/// their steps while the plan is in use.
class ElementwiseBody final : public OptimizerBody {
  public:
    ElementwiseBody(const Algorithm& algorithm, std::shared_ptr<Group> defaults, const Context& context);

    Dict state(const Parameter& parameter) const override;
    void select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) override;

  protected:
    void update() override;
    void groups_changed() noexcept override { drop_plan(); }
    void options_changed() override;
    void prepare_group(const Parameters& params) override;
    void forget_state(const Parameter& parameter) noexcept override { store_.erase(parameter); }
    Parameters parameters_with_state() const override;
    bool can_keep_state_in(DType dtype) const noexcept override { return dtype == DType::f32; }
    std::shared_ptr<void> prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const override;
    void exchange_states(void* prepared) noexcept override;

  private:
    friend class Planner;

    /// One parameter in one group, whether it has a gradient or not.
    struct Member {
        const Parameter::Body* body;
        std::uint64_t generation;  ///< of the body, when its row was made
        std::size_t row;           ///< of `rows_`, or `no_row`
    };
    static constexpr std::size_t no_row = static_cast<std::size_t>(-1);

    struct Row {
        Tensor data, grad;  ///< as planned
        StateStore::Slots* state;
        std::size_t entry;
        std::size_t plan_row;
    };

    /// Rows with the same scalars.
    struct Entry {
        std::size_t wave;
        std::size_t group;
        DType dtype;
        Device device;
        std::int64_t step;    ///< finished updates
        CarriedScalars scalars;  ///< that the rule carries on, after `step` updates
        CarriedScalars next;     ///< after the one that is prepared
        std::int64_t stride;  ///< updates in each call of `step`
        bool first;           ///< there is no state to go on from
        bool counted;         ///< by the device, which then knows about `step` and `first` what nobody else does
        const void* counts;   ///< what it goes on from: `count` of the rows when they were planned
        Tensor count;         ///< of the rows from now on
        std::optional<DType> average;  ///< the dtype of averages that move with its rows
        std::size_t variant;
        Implementation implementation;
        unsigned plan_entry;
        /// A number that is not one would not equal itself: its bits do.
        auto bits() const { return std::bit_cast<std::array<std::uint64_t, kernels::max_scalars>>(scalars); }
        auto key() const { return std::tuple(wave, group, dtype, device, step, stride, bits(), first, counted, counts); }
    };

    /// What runs in one parallel region. There is more than one only where a parameter is twice in a group, or where some
    /// groups are stepped by the for-loop and others are not.
    struct Wave {
        std::size_t occurrence;
        bool serial;
        Plan plan;
    };

    bool plan_is_current();
    bool move_row(Member& member);
    void drop_plan() noexcept;
    void prepare_entry(Entry& entry);
    void prepare_counted(const Entry& entry, PlanEntry& planned) const;
    /// Whether the averages that follow move in this step's pass.
    bool prepare_averages();
    void check_gradients_writable() const;
    /// Whether a step with this rule leaves anything that the next one goes on from.
    bool keeps_state(const RuleInfo& rule) const { return algorithm_.counts_steps || !rule.state.empty(); }
    /// Whether the device reads `found_inf` itself.
    bool sees_found_inf(const Entry& entry) const;
    bool is_skipped() const;
    void count_update(bool skipped) noexcept;

    std::size_t variant_of(const Group& group) const { return algorithm_.variant(group.options_data()); }
    Implementation implementation_of(const Group& group) const;
    /// Whether the steps of such a group on that device are counted there.
    bool counts_there(const Group& group, Device device) const;
    /// Where no device counts.
    std::int64_t step_of(const StateStore::Slots& slots) const noexcept;
    const CarriedScalars& scalars_of(const StateStore::Slots& slots) const noexcept;
    void advance(const Group& group, std::int64_t step, std::int64_t times, CarriedScalars& scalars) const;
    /// Element `index` of what a device counts, 0-d, there.
    static Tensor counted_number(const Tensor& count, std::size_t index);
    /// Whether anybody may see the state. Waits for a device that counts the steps of an algorithm whose state has none.
    bool is_there(const StateStore::Slots& slots) const;
    /// Where the slots of a rule lie among the names of the state.
    std::size_t slot_index(const RuleInfo& rule, std::size_t slot) const;
    /// A parameter that gets state.
    struct NewState {
        const Parameter* parameter;
        StateStore::Slots* state;
    };
    struct PreparedStates;
    void make_states(const Group& group, const RuleInfo& rule, std::span<const NewState> fresh) const;
    /// The dtype of the state of a parameter with such data, where `chosen` is LoadOptions::state_dtype.
    static DType state_dtype(const Tensor& data, std::optional<DType> chosen) noexcept;
    /// What the state of a parameter has the shape and dtype of.
    Tensor like_state(const Tensor& data) const;
    /// A parameter whose gradient is sparse: no row of the plan.
    struct SparseRow {
        std::size_t group;
        Parameter parameter;
        StateStore::Slots* state;  ///< null for a class without state
    };
    void check_sparse(const SparseRow& row) const;
    void check_like_state(const SparseRow& row) const;
    void update_sparse(const SparseRow& row);
    /// A sparse tensor in a state dict: its `indices`, `values`, `size` and `is_coalesced`.
    static Value sparse_value(const SparseTensor& sparse);
    SparseTensor sparse_from(const Dict& dict, const Tensor& data) const;
    /// std::invalid_argument if torch would refuse these scalars for tensors of that dtype.
    void check_scalars(std::size_t group, DType dtype, const kernels::StepArguments& arguments) const;
    /// New state tensors of that name, with what they start with.
    std::vector<Tensor> started(const Group& group, std::string_view slot, std::span<const Tensor> like) const;
    bool load_slot(const LoadedState& state, std::string_view name, const Value& value, const LoadRules& rules, StateStore::Slots& slots,
                   Complaints& complaints) const;

    const Algorithm& algorithm_;
    const Isa isa_;
    std::vector<std::string_view> state_names_;  // of the tensors of all variants, in torch's order
    std::span<const char* const> scalar_names_;
    StateStore store_;
    std::optional<DType> state_dtype_;
    SerialExecutor serial_;

    bool planned_ = false;
    bool makes_state_ = false;  // rows whose state is seen from the next update on
    std::vector<Member> members_;
    std::vector<Row> rows_;
    std::vector<Entry> entries_;
    std::vector<Wave> waves_;
    std::vector<SparseRow> sparse_;
};

}  // namespace ravine::inline v0::optim
