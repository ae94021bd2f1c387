#include "function_body.h"

#include <fmt/format.h>

namespace ravine::inline v0::sched {

FunctionBody::FunctionBody(std::string_view name, const optim::Optimizer& optimizer, const Functions& given)
    : RuleBody(name, optimizer), functions_(given.functions()) {
    if (!given.is_list()) {
        functions_.resize(groups().size(), given.functions()[0]);
    } else if (functions_.size() != groups().size()) {
        invalid(fmt::format("lr_lambda must have one function for each of the {} groups, got {} of them", groups().size(),
                            functions_.size()));
    }
}

void FunctionBody::describe(State& state) {
    describe_common(state);
    state.functions("lr_lambdas", functions_);
}

}  // namespace ravine::inline v0::sched
