#include "group_memory.h"

#include <array>

namespace ravine::inline v0::sched {
namespace {

/// All that any scheduler writes.
constexpr std::array<std::string_view, 9> written_keys = {"lr",     "momentum",     "betas",         "initial_lr", "max_lr",
                                                          "min_lr", "max_momentum", "base_momentum", "swa_lr"};

}  // namespace

GroupMemory::GroupMemory(std::shared_ptr<optim::GroupSet> groups)
    : groups_(std::move(groups)), step_called_(groups_->step_called), has_schedulers_(groups_->has_schedulers) {
    for (const auto& group : groups_->groups) {
        Dict& saved = saved_.emplace_back();
        for (const std::string_view key : written_keys) {
            if (group->has(key)) saved.set(key, group->get(key));
        }
    }
}

GroupMemory::~GroupMemory() {
    if (groups_ == nullptr) return;
    groups_->step_called = step_called_;
    groups_->has_schedulers = has_schedulers_;
    for (std::size_t i = 0; i < saved_.size(); ++i) {
        for (const std::string_view key : written_keys) {
            if (const Value* value = saved_[i].find(key)) groups_->groups[i]->set(key, *value);
            else groups_->groups[i]->erase(key);
        }
    }
    if (groups_->lr_changed) groups_->lr_changed();
}

}  // namespace ravine::inline v0::sched
