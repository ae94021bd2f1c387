#pragma once
#include "recording.h"
#include "spec.h"

#include <set>

namespace ravine::tools {

/// The steps after which parameters and state are kept.
struct Record {
    bool all = false;
    std::set<std::int64_t> some;
    bool has(std::int64_t step) const { return all || some.count(step) > 0; }
};

/// What the spec file of `replay` says of a recording.
struct ReplayPlan {
    struct Group {
        Parameters parameters;
        Dict options;
    };
    ClassSpec optimizer;
    std::vector<Group> groups;
    std::vector<ClassSpec> schedulers;
    std::optional<optim::Implementation> implementation;
    std::string load;  ///< a path; empty: nothing
    std::int64_t steps = 0;
    Record record;

    /// std::invalid_argument; std::out_of_range for an unknown class. Checks all but the options of classes.
    static ReplayPlan read(const SpecText& text, const Recording& recording);
    /// With the recording's parameters as they are now, and fresh state.
    optim::Optimizer make_optimizer(const Context& context) const;
};

}  // namespace ravine::tools
