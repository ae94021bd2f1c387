#include <ravine/sched/milestones.h>

namespace ravine::inline v0::sched {

Milestones::Milestones(std::span<const std::int64_t> epochs) {
    for (const std::int64_t epoch : epochs) {
        auto found = counts_.begin();
        while (found != counts_.end() && found->first != epoch) ++found;
        if (found == counts_.end()) counts_.emplace_back(epoch, 1);
        else ++found->second;
    }
}

std::int64_t Milestones::at(std::int64_t epoch) const noexcept {
    for (const auto& [milestone, times] : counts_) {
        if (milestone == epoch) return times;
    }
    return 0;
}

std::int64_t Milestones::up_to(std::int64_t epoch) const noexcept {
    std::int64_t sum = 0;
    for (const auto& [milestone, times] : counts_) {
        if (milestone <= epoch) sum += times;
    }
    return sum;
}

}  // namespace ravine::inline v0::sched
