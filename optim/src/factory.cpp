#include "group_access.h"

#include <ravine/optim/optimizer_class.h>

namespace ravine::inline v0::optim {

Optimizer make(const OptimizerClass& its_class, Parameters params, const Dict& options, const Context& context) {
    std::shared_ptr<Group> defaults = its_class.make_group();
    GroupAccess::assign(*defaults, options, true, false, "");
    return Optimizer(detail::make_with_group(its_class, std::move(params), std::move(defaults), context));
}

Optimizer make(std::string_view name, Parameters params, const Dict& options, const Context& context) {
    return make(class_named(name), std::move(params), options, context);
}

std::string_view class_name(std::string_view name) { return class_named(name).name; }

}  // namespace ravine::inline v0::optim
