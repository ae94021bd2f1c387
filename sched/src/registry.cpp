#include <ravine/sched/registry.h>

#include "from_options.h"
#include "group_memory.h"

#include <ravine/runtime/registry.h>
#include <ravine/sched/chained_scheduler.h>
#include <ravine/sched/constant_lr.h>
#include <ravine/sched/cosine_annealing_lr.h>
#include <ravine/sched/cosine_annealing_warm_restarts.h>
#include <ravine/sched/cyclic_lr.h>
#include <ravine/sched/exponential_lr.h>
#include <ravine/sched/inverse_square_root_lr.h>
#include <ravine/sched/lambda_lr.h>
#include <ravine/sched/linear_lr.h>
#include <ravine/sched/multi_step_lr.h>
#include <ravine/sched/multiplicative_lr.h>
#include <ravine/sched/one_cycle_lr.h>
#include <ravine/sched/polynomial_lr.h>
#include <ravine/sched/reduce_lr_on_plateau.h>
#include <ravine/sched/sequential_lr.h>
#include <ravine/sched/step_lr.h>
#include <ravine/sched/swa_lr.h>
#include <ravine/sched/warmup_cosine_lr.h>
#include <ravine/sched/warmup_stable_decay_lr.h>

namespace ravine::inline v0::sched {
namespace {

struct Entry {
    std::string_view name;
    LRScheduler (*make)(std::string_view who, optim::Optimizer& optimizer, const Dict& options);
};

template <class Scheduler> constexpr Entry entry() {
    using Options = typename Scheduler::Options;
    return {Options::name, [](std::string_view who, optim::Optimizer& optimizer, const Dict& options) -> LRScheduler {
                return Scheduler(optimizer, options_from<Options>(who, options));
            }};
}

const Value& given(std::string_view who, const Dict& options, std::string_view name, std::string_view wanted) {
    if (const Value* value = options.find(name)) return *value;
    throw std::invalid_argument(fmt::format("{}: {} must be given ({}), got no such option", who, name, wanted));
}

/// The option `schedulers`, which is taken out of `options`.
std::vector<LRScheduler> make_members(std::string_view who, optim::Optimizer& optimizer, Dict& options) {
    constexpr std::string_view wanted = "a list of dicts with type";
    const Value& schedulers = given(who, options, "schedulers", wanted);
    const List* list = schedulers.get_if<List>();
    if (list == nullptr)
        throw std::invalid_argument(fmt::format("{}: schedulers must be {}, got {}", who, wanted, shown(schedulers)));
    std::vector<LRScheduler> result;
    for (const Value& item : list->items) {
        const Dict* dict = item.get_if<Dict>();
        const Value* type = dict == nullptr ? nullptr : dict->find("type");
        const std::string* name = type == nullptr ? nullptr : type->get_if<std::string>();
        if (name == nullptr) {
            throw std::invalid_argument(
                fmt::format("{}: schedulers[{}] must be a dict with a type, got {}", who, result.size(), shown(item)));
        }
        Dict member = *dict;
        member.erase("type");
        result.push_back(make(*name, optimizer, member));
    }
    options.erase("schedulers");
    return result;
}

LRScheduler make_chain(std::string_view who, optim::Optimizer& optimizer, const Dict& options) {
    GroupMemory memory(optimizer.group_set());
    Dict rest = options;
    const std::vector<LRScheduler> members = make_members(who, optimizer, rest);
    if (!rest.empty()) {
        throw std::out_of_range(fmt::format("{}: an option must be schedulers, got {}", who, rest.begin()->first.to_string()));
    }
    ChainedScheduler result(members, optimizer);
    memory.keep();
    return result;
}

LRScheduler make_sequence(std::string_view who, optim::Optimizer& optimizer, const Dict& options) {
    GroupMemory memory(optimizer.group_set());
    Dict rest = options;
    const std::vector<LRScheduler> members = make_members(who, optimizer, rest);
    given(who, rest, "milestones", "a list of integers");
    SequentialLR result(optimizer, members, options_from<SequentialLROptions>(who, rest));
    memory.keep();
    return result;
}

// Sorted. An explicit list: a static library would drop objects that register themselves.
constexpr std::array entries = {
    Entry{"ChainedScheduler", make_chain},
    entry<ConstantLR>(),
    entry<CosineAnnealingLR>(),
    entry<CosineAnnealingWarmRestarts>(),
    entry<CyclicLR>(),
    entry<ExponentialLR>(),
    entry<InverseSquareRootLR>(),
    entry<LambdaLR>(),
    entry<LinearLR>(),
    entry<MultiStepLR>(),
    entry<MultiplicativeLR>(),
    entry<OneCycleLR>(),
    entry<PolynomialLR>(),
    entry<ReduceLROnPlateau>(),
    entry<SWALR>(),
    Entry{"SequentialLR", make_sequence},
    entry<StepLR>(),
    entry<WarmupCosineLR>(),
    entry<WarmupStableDecayLR>(),
};

}  // namespace

LRScheduler make(std::string_view name, optim::Optimizer& optimizer, const Dict& options) {
    const Entry& found = find_entry(entries, "a scheduler", name);
    return found.make(found.name, optimizer, options);
}

std::vector<std::string_view> names() { return entry_names(entries); }

std::string_view class_name(std::string_view name) { return find_entry(entries, "a scheduler", name).name; }

}  // namespace ravine::inline v0::sched
