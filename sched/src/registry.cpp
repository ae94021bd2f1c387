#include <ravine/sched/registry.h>

#include "from_options.h"

#include <ravine/runtime/registry.h>
#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/step_lr.h>

namespace ravine::inline v0::sched {
namespace {

struct Entry {
    std::string_view name;
    LRScheduler (*make)(std::string_view who, optim::Optimizer& optimizer, const Dict& options);
};

template <class Scheduler, class Options>
LRScheduler make_as(std::string_view who, optim::Optimizer& optimizer, const Dict& options) {
    return Scheduler(optimizer, options_from<Options>(who, options));
}

// Sorted. An explicit list: a static library would drop objects that register themselves.
constexpr std::array entries = {
    Entry{"CosineAnnealingLR", make_as<CosineAnnealingLR, CosineAnnealingLROptions>},
    Entry{"StepLR", make_as<StepLR, StepLROptions>},
};

}  // namespace

LRScheduler make(std::string_view name, optim::Optimizer& optimizer, const Dict& options) {
    const Entry& entry = find_entry(entries, "a scheduler", name);
    return entry.make(entry.name, optimizer, options);
}

std::vector<std::string_view> names() { return entry_names(entries); }

std::string_view class_name(std::string_view name) { return find_entry(entries, "a scheduler", name).name; }

}  // namespace ravine::inline v0::sched
