#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// A scheduler by torch's class name in any case, with torch's option names. std::out_of_range for an unknown class or
/// option, with the known ones; std::invalid_argument for a required option that is missing or a bad value.
RAVINE_API LRScheduler make(std::string_view name, optim::Optimizer& optimizer, const Dict& options = {});
/// torch's names of all classes, sorted.
RAVINE_API std::vector<std::string_view> names();
/// torch's spelling of a class name given in any case. std::out_of_range with the known ones.
RAVINE_API std::string_view class_name(std::string_view name);

}  // namespace ravine::inline v0::sched
