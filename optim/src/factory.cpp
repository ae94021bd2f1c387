#include "group_access.h"

#include <ravine/optim/classes.h>
#include <ravine/runtime/registry.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::optim {

Optimizer make(const OptimizerClass& its_class, Parameters params, const Dict& options, const Context& context) {
    std::shared_ptr<Group> defaults = its_class.make_group();
    GroupAccess::assign(*defaults, options, true, false, "");
    return Optimizer(detail::make_with_group(its_class, std::move(params), std::move(defaults), context));
}

Optimizer make(std::string_view name, Parameters params, const Dict& options, const Context& context) {
    return make(class_named(name), std::move(params), options, context);
}

void Classes::add(const OptimizerClass& its_class) {
    for (const std::string_view known : names()) {
        if (!same_ignoring_case(known, its_class.name)) continue;
        throw std::invalid_argument(fmt::format("Classes: a name must be that of one class, got {} again", its_class.name));
    }
    added_.push_back(&its_class);
}

const OptimizerClass& Classes::find(std::string_view name) const {
    for (const OptimizerClass* added : added_) {
        if (same_ignoring_case(added->name, name)) return *added;
    }
    const std::vector<std::string_view> known = names();
    for (const std::string_view one : optim::names()) {
        if (same_ignoring_case(one, name)) return class_named(one);
    }
    unknown_name("an optimizer", known, name);
}

std::vector<std::string_view> Classes::names() const {
    std::vector<std::string_view> result = optim::names();
    for (const OptimizerClass* added : added_) result.push_back(added->name);
    return result;
}

Optimizer Classes::make(std::string_view name, Parameters params, const Dict& options, const Context& context) const {
    return optim::make(find(name), std::move(params), options, context);
}

bool needs_closure(std::string_view name) { return class_named(name).traits.needs_closure; }

std::string_view class_name(std::string_view name) { return class_named(name).name; }

}  // namespace ravine::inline v0::optim
