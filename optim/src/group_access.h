#pragma once
#include <ravine/optim/group.h>

namespace ravine::inline v0::optim {

/// What the optimizer may do to a group and its users may not.
struct GroupAccess {
    static Parameters& params(Group& group) { return group.params_; }
    static std::vector<std::string>& order(Group& group) { return group.order_; }

    /// Sets options from a dict, both flags of an implementation together. `constructing` applies the kinds that torch's
    /// constructor demands. Unknown keys: std::out_of_range, or kept if `keep_unknown`. All or nothing is the caller's
    /// business: it works on a copy.
    static void assign(Group& group, const Dict& options, bool constructing, bool keep_unknown, std::string_view where);
    /// Every flag at once, as `implementation`.
    static void set_implementation(Group& group, Implementation implementation);
    /// Copies the options of `from`, which has the same type.
    static void copy_options(const Group& from, Group& to);
    /// The same with further keys and the order of keys.
    static void copy(const Group& from, Group& to);
    /// Exchanges options, further keys and the order of keys of two groups of the same type; `spare` is a third.
    static void exchange(Group& a, Group& b, Group& spare) noexcept;
    /// Empty, or the first complaint about an option's value; `first` for options that the caller gives.
    static std::string complaint(const Group& group, bool first);
};

/// "'w' (a string)" and the like, for messages.
std::string shown(const Value& value);

}  // namespace ravine::inline v0::optim
