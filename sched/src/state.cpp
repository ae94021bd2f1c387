#include "state.h"

#include "body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ravine::inline v0::sched {
namespace {

/// The keys by which the states of the classes differ. One that the class at hand does not have tells that a state is
/// another's.
constexpr std::array telling_keys = std::to_array<std::string_view>(
    {"T_0",         "T_cur",        "T_i",           "T_max",      "T_mult",      "_anneal_func_type", "_anneal_strategy",
     "_milestones", "_schedulers",  "anneal_epochs", "best",       "decay",       "decay_iters",       "end_factor",
     "eta_min",     "factor",       "gamma",         "lr_lambdas", "max_lrs",     "milestones",        "num_bad_epochs",
     "power",       "stable_iters", "start_factor",  "step_size",  "total_iters", "total_size",        "total_steps",
     "warmup_iters"});

}  // namespace

Dict State::save(SchedulerBody& body) {
    State state(Pass::save, body.name(), nullptr);
    body.describe(state);
    return std::move(state.written_);
}

void State::run(Pass pass, SchedulerBody& body, const Dict& dict) {
    State state(pass, body.name(), &dict);
    if (pass == Pass::check) state.check_origin(save(body));
    body.describe(state);
    const bool is_whole = dict.contains("_last_lr");
    if (is_whole && !state.missing_.empty())
        state.refuse(fmt::format("the state must be that of this class, got one without {}", state.missing_));
}

void State::load(SchedulerBody& body, const Dict& dict) {
    run(Pass::check, body, dict);
    const Dict before = save(body);
    try {
        run(Pass::load, body, dict);
    } catch (...) {  // a function of the user
        run(Pass::load, body, before);
        throw;
    }
}

void State::members(std::string_view key, std::span<const std::shared_ptr<SchedulerBody>> bodies) {
    demand(key);
    if (pass_ == Pass::save) {
        List states;
        for (const auto& body : bodies) states.items.emplace_back(save(*body));
        written_.set(key, std::move(states));
    } else if (const Value* value = given_->find(key)) {
        const List* list = value->get_if<List>();
        const bool fits =
            list != nullptr && list->items.size() == bodies.size() &&
            std::all_of(list->items.begin(), list->items.end(), [](const Value& v) { return v.is(Value::Kind::dict); });
        if (!fits) refuse(key, fmt::format("must be a list of the states of {} schedulers", bodies.size()), *value);
        for (std::size_t i = 0; i < bodies.size(); ++i) run(pass_, *bodies[i], list->items[i].as<Dict>());
    }
}

void State::functions(std::string_view key, const std::vector<Function>& functions) {
    demand(key);
    if (pass_ == Pass::save) {
        List states;
        for (const Function& function : functions) states.items.push_back(function.state());
        written_.set(key, std::move(states));
    } else if (const Value* value = given_->find(key)) {
        const List* list = value->get_if<List>();
        if (list == nullptr || list->items.size() != functions.size()) {
            refuse(key, fmt::format("must be a list of {} function states", functions.size()), *value);
        }
        for (std::size_t i = 0; i < functions.size(); ++i) one_function(key, &functions[i], list->items[i]);
    }
}

void State::function(std::string_view key, const Function* function) {
    if (pass_ == Pass::save) written_.set(key, function == nullptr ? Value() : function->state());
    else if (const Value* value = given_->find(key)) one_function(key, function, *value);
}

void State::one_function(std::string_view key, const Function* function, const Value& value) const {
    if (value.is_null()) return;
    const Dict* state = value.get_if<Dict>();
    if (state == nullptr) refuse(key, "must be None or the attributes of a function object", value);
    if (function == nullptr || !function->is_stateful()) refuse(key, "must be None for a function without attributes", value);
    if (pass_ == Pass::load) function->load(*state);
}

const Value* State::given(std::string_view key) const { return pass_ == Pass::save ? nullptr : given_->find(key); }

void State::demand(std::string_view key) {
    if (pass_ == Pass::check && missing_.empty() && !given_->contains(key)) missing_ = key;
}

void State::check_origin(const Dict& own) const {
    for (const std::string_view key : telling_keys) {
        if (given_->contains(key) && !own.contains(key))
            refuse(fmt::format("the state must be that of this class, got one with {}", key));
    }
}

void State::refuse(std::string_view text) const { throw std::invalid_argument(fmt::format("{}: {} (state_dict)", who_, text)); }

void State::refuse(std::string_view key, std::string_view what, const Value& value) const {
    refuse(fmt::format("{} {}, got {}", key, what, shown(value)));
}

}  // namespace ravine::inline v0::sched
