#include <ravine/optim/adafactor.h>
#include <ravine/optim/adamw.h>
#include <ravine/optim/muon.h>
#include <ravine/optim/sgd.h>
#include <ravine/optim/sparse_adam.h>

#include "group_access.h"

#include <ravine/runtime/registry.h>

#include <array>

namespace ravine::inline v0::optim {
namespace {

struct Entry {
    std::string_view name;
    detail::BodyPointer (*make)(Parameters params, const Dict& options, const Context& context);
};

template <class A> detail::BodyPointer make_as(Parameters params, const Dict& options, const Context& context) {
    const OptimizerClass& its_class = class_of<A>();
    std::shared_ptr<Group> defaults = its_class.make_group();
    GroupAccess::assign(*defaults, options, true, false, "");
    return detail::make_with_group(its_class, std::move(params), std::move(defaults), context);
}

// Sorted. An explicit list: a static library would drop objects that register themselves.
constexpr std::array entries = {
    Entry{"Adafactor", make_as<AdafactorAlgorithm>},
    Entry{"Adam", make_as<AdamAlgorithm>},
    Entry{"AdamW", make_as<AdamWAlgorithm>},
    Entry{"Muon", make_as<MuonAlgorithm>},
    Entry{"SGD", make_as<SGDAlgorithm>},
    Entry{"SparseAdam", make_as<SparseAdamAlgorithm>},
};

}  // namespace

Optimizer make(std::string_view name, Parameters params, const Dict& options, const Context& context) {
    return Optimizer(find_entry(entries, "an optimizer", name).make(std::move(params), options, context));
}

std::vector<std::string_view> names() { return entry_names(entries); }

std::string_view class_name(std::string_view name) { return find_entry(entries, "an optimizer", name).name; }

}  // namespace ravine::inline v0::optim
