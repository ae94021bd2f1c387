#include "state.h"

#include "body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::sched {

Dict State::save(SchedulerBody& body) {
    State state(Pass::save, body.name(), nullptr);
    body.describe(state);
    return std::move(state.written_);
}

void State::load(SchedulerBody& body, const Dict& dict) {
    for (const Pass pass : {Pass::check, Pass::load}) {
        State state(pass, body.name(), &dict);
        body.describe(state);
    }
}

void State::refuse(std::string_view key, std::string_view what, const Value& value) const {
    throw std::invalid_argument(fmt::format("{}: {} {}, got {} (state_dict)", who_, key, what, shown(value)));
}

}  // namespace ravine::inline v0::sched
