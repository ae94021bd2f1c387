#include <ravine/sched/registry.h>

#include "from_options.h"

#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/step_lr.h>

#include <algorithm>

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

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const Entry& find(std::string_view name) {
    const auto same = [&](const Entry& entry) {
        return std::equal(name.begin(), name.end(), entry.name.begin(), entry.name.end(),
                          [](char a, char b) { return lower(a) == lower(b); });
    };
    const auto found = std::find_if(entries.begin(), entries.end(), same);
    if (found != entries.end()) return *found;
    throw std::out_of_range(fmt::format("ravine: a scheduler must be one of {}, got {}", fmt::join(names(), ", "),
                                        Value(name).to_string()));
}

}  // namespace

LRScheduler make(std::string_view name, optim::Optimizer& optimizer, const Dict& options) {
    const Entry& entry = find(name);
    return entry.make(entry.name, optimizer, options);
}

std::vector<std::string_view> names() {
    std::vector<std::string_view> result;
    for (const Entry& entry : entries) result.push_back(entry.name);
    return result;
}

std::string_view class_name(std::string_view name) { return find(name).name; }

}  // namespace ravine::inline v0::sched
