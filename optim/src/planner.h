#pragma once
#include "elementwise_body.h"

#include <map>
#include <unordered_map>

namespace ravine::inline v0::optim {

/// Makes the plan of an elementwise optimizer anew: which parameters step, with what state, in which entry.
class Planner {
  public:
    explicit Planner(ElementwiseBody& body) : body_(body) {}
    /// std::invalid_argument if a state does not fit its parameter; nothing that anybody sees has changed then.
    void make();

  private:
    /// A row before it is in a plan.
    struct Candidate {
        const Parameter* parameter;
        StateStore::Slots* state;
        std::size_t occurrence;  ///< 0 unless the parameter is more than once in its group
        std::size_t member;
        std::size_t entry;
    };
    void check_capture() const;
    void add_group(std::size_t index);
    StateStore::Slots* state_for(const Parameter& parameter, const RuleInfo& rule);
    std::size_t entry_for(ElementwiseBody::Entry entry, const StateStore::Slots* state);
    void check_complex(const Parameter& parameter, const Group& group, std::size_t index) const;
    void check_dense_state(const Parameter& parameter, const StateStore::Slots* state, std::size_t index) const;
    void settle_count(StateStore::Slots& state, bool counted);
    Tensor new_count(const StateStore::Slots& state, const RuleInfo& rule, Device device) const;
    std::size_t wave_for(std::size_t occurrence, bool serial);
    Tensor average_for(const Candidate& candidate) const;
    void add_rows();

    ElementwiseBody& body_;
    std::vector<Candidate> candidates_;
    std::map<decltype(std::declval<ElementwiseBody::Entry>().key()), std::size_t> entry_of_;
    std::map<const void*, Tensor> counted_;  // what was read from devices
};

}  // namespace ravine::inline v0::optim
