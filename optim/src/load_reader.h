#pragma once
#include "optimizer_body.h"

#include <map>

namespace ravine::inline v0::optim {

/// One saved group.
struct SavedGroup {
    const Dict* options = nullptr;   ///< null if it cannot be read
    std::vector<std::int64_t> ids;
    std::vector<std::string> names;  ///< empty without names
    bool reordered = false;          ///< whether the parameters of the current group are other ones, or in another order
};

/// Reads the parts of a state_dict and fits its parameters to the current ones. What does not fit goes to the complaints.
class LoadReader {
  public:
    LoadReader(const Value& state_dict, std::span<const std::shared_ptr<Group>> groups, const LoadOptions& options, Complaints& complaints);

    struct Place {
        std::size_t group = 0;
        const Parameter* parameter = nullptr;
    };
    /// Null if it is no state_dict at all.
    const Dict* states() const { return states_; }
    /// As many as both sides have.
    const std::vector<SavedGroup>& groups() const { return saved_; }
    /// The parameters that get the state of a saved id; null for an id that no saved group has.
    const std::vector<Place>* places(const Value& id) const;
    /// Parameters that the state_dict lacks, where the options allow it.
    const std::vector<Place>& missing() const { return missing_; }
    /// Whether all saved parameters are known: what is not among them is wrong.
    bool is_complete() const { return complete_; }

  private:
    void read_group(std::size_t index, const Value& value);
    void match(std::size_t index);
    void match_positions(std::size_t index);
    void match_names(std::size_t index);
    void check_sources() const;
    void add_place(std::int64_t id, const Place& place);

    std::span<const std::shared_ptr<Group>> groups_;
    const LoadOptions& options_;
    Complaints& complaints_;
    const Dict* states_ = nullptr;
    std::vector<SavedGroup> saved_;
    std::map<std::int64_t, std::vector<Place>> places_;
    std::vector<Place> missing_;
    bool complete_ = true;
};

}  // namespace ravine::inline v0::optim
