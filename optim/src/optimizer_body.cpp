#include "optimizer_body.h"

#include "group_access.h"
#include "hook_table.h"
#include "parameter_body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace ravine::inline v0::optim {
namespace {

/// torch's rules about names: all or none, in a group and among groups. An empty group is neither.
void check_names(std::string_view owner, std::span<const std::shared_ptr<Group>> groups, const Parameters& params) {
    const auto named = [](const Parameter& parameter) { return parameter.has_name(); };
    const auto count = static_cast<std::size_t>(std::count_if(params.begin(), params.end(), named));
    if (count != 0 && count != params.size()) {
        throw std::invalid_argument(
            fmt::format("{}: all parameters of a group must have names or none, got {} of {} with one", owner, count, params.size()));
    }
    for (const auto& group : groups) {
        if (params.empty() || group->params().empty() || named(params.front()) == named(group->params().front())) continue;
        throw std::invalid_argument(
            fmt::format("{}: all groups must have named parameters or none, got both kinds (group {})", owner, groups.size()));
    }
}

void check_scaler_tensor(std::string_view owner, std::string_view what, const Tensor& tensor) {
    if (!tensor.defined() || (tensor.numel() == 1 && tensor.dtype() == DType::f32)) return;
    throw std::invalid_argument(fmt::format("{}: {} must be a float32 tensor of one element, got {}", owner, what,
                                            Value(tensor).to_string()));
}

}  // namespace

void Complaints::raise(std::string_view who, std::string_view what) const {
    if (texts_.empty()) return;
    constexpr std::size_t shown = 20;
    std::string text = fmt::format("{}: {}: {}", who, what, fmt::join(texts_.begin(), texts_.begin() + static_cast<std::ptrdiff_t>(std::min(shown, texts_.size())), "; "));
    if (texts_.size() > shown) text += fmt::format("; and {} more", texts_.size() - shown);
    throw std::invalid_argument(text);
}

std::string detail::implementation_complaint(const Traits& traits, std::span<const FieldInfo> fields, Implementation implementation) {
    const auto has = [&](Implementation flag) {
        return std::any_of(fields.begin(), fields.end(), [&](const FieldInfo& field) { return field.flag == flag; });
    };
    const bool is_basic = implementation == Implementation::automatic || implementation == Implementation::for_loop;
    if (traits.elementwise || is_basic || has(implementation)) return {};
    return fmt::format("implementation must be automatic{} for_loop{}, got {}", has(Implementation::foreach) ? "," : " or",
                       has(Implementation::foreach) ? " or foreach" : "", ravine::optim::name(implementation));
}

std::string detail::differentiable_complaint(Implementation implementation, bool foreach_too) {
    if (implementation != Implementation::fused && (implementation != Implementation::foreach || foreach_too)) return {};
    return fmt::format("{} and differentiable must not be True together", ravine::optim::name(implementation));
}

detail::BodyPointer detail::make_with_group(const OptimizerClass& its_class, Parameters params, std::shared_ptr<Group> defaults,
                                            const Context& context) {
    BodyPointer body = its_class.make_body(its_class, std::move(defaults), context);
    if (!params.empty()) body->add_param_group(std::move(params), {});
    return body;
}

OptimizerBody::OptimizerBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context)
    : class_(its_class), groups_(std::make_shared<GroupSet>()), defaults_(std::move(defaults)), context_(context), executor_(context.executor) {
    groups_->owner = its_class.name;
    groups_->log = context.log;
    groups_->lr_changed = [this] { options_changed(); };
    if (executor_ == nullptr) {
        own_executor_ = std::make_unique<ThreadExecutor>();
        executor_ = own_executor_.get();
    }
    if (const std::string text = complaint(*defaults_, true); !text.empty()) throw std::invalid_argument(fmt::format("{}: {}", name(), text));
}

OptimizerBody::~OptimizerBody() { groups_->lr_changed = nullptr; }

OptimizerHooks& OptimizerBody::hooks() {
    if (hooks_ == nullptr) hooks_ = std::make_unique<OptimizerHooks>();
    return *hooks_;
}

std::string OptimizerBody::complaint(const Group& group, bool first) const {
    std::string text = GroupAccess::complaint(group, first);
    return text.empty() ? class_.contradiction(group.options_data()) : text;
}

void OptimizerBody::check_group(const Group& group, std::size_t index, bool first) const {
    const std::string text = complaint(group, first);
    if (!text.empty()) throw std::invalid_argument(fmt::format("{}: {} (group {})", name(), text, index));
}

void OptimizerBody::begin_step() {
    groups_->step_called = true;
    const auto has_parameters = [&](const auto& group) { return !group->params().empty() || needs_closure(); };
    if (std::any_of(groups().begin(), groups().end(), has_parameters)) return;
    throw std::invalid_argument(fmt::format("{}: step must have a parameter to update, got none (see add_param_group)", name()));
}

void OptimizerBody::step() {
    run_followed([this] {
        begin_step();
        for (std::size_t g = 0; g < groups().size(); ++g) check_group(*groups()[g], g, false);
        update();
    });
}

void OptimizerBody::check_gradients() const {
    const Gradients taken = traits().gradients;
    if (taken == Gradients::both) return;
    for (std::size_t g = 0; g < groups().size(); ++g) {
        for (const Parameter& parameter : groups()[g]->params()) {
            if (taken == Gradients::dense ? !parameter.sparse_grad().defined() : !parameter.grad().defined()) continue;
            const std::string_view other = traits().other_gradients;
            throw std::invalid_argument(fmt::format("{}: gradients must be {}, got a {} one ({}, group {}){}{}", name(),
                                                    taken == Gradients::dense ? "dense" : "sparse", taken == Gradients::dense ? "sparse" : "dense",
                                                    describe(parameter), g, other.empty() ? "" : "; see ", other));
        }
    }
}

double OptimizerBody::step(function_ref<double()> closure) {
    const double loss = closure();
    step();
    return loss;
}

void OptimizerBody::zero_grad(bool set_to_none) {
    const auto for_each = [&](auto visit) {
        for (const auto& group : groups()) {
            for (const Parameter& parameter : group->params()) visit(parameter);
        }
    };
    if (set_to_none) return for_each([](const Parameter& parameter) { parameter.set_grad(Tensor()); });
    for_each([&](const Parameter& parameter) {
        if (!parameter.grad().defined() || !parameter.grad().read_only()) return;
        throw std::invalid_argument(fmt::format("{}: zero_grad must be able to write the gradients, got a read-only one ({})", name(),
                                                describe(parameter)));
    });
    for_each([&](const Parameter& parameter) {
        if (parameter.grad().defined()) parameter.grad().zero_(context_);
        else if (parameter.sparse_grad().defined()) parameter.set_sparse_grad(parameter.sparse_grad().emptied());
    });
}

Parameters OptimizerBody::parameters() const {
    Parameters result;
    for (const auto& group : groups()) result.insert(result.end(), group->params().begin(), group->params().end());
    return result;
}

void OptimizerBody::set_grad_scale(Tensor grad_scale) {
    check_scaler_tensor(name(), "grad_scale", grad_scale);
    grad_scale_ = std::move(grad_scale);
}

void OptimizerBody::set_found_inf(Tensor found_inf) {
    check_scaler_tensor(name(), "found_inf", found_inf);
    found_inf_ = std::move(found_inf);
}

void OptimizerBody::check_kinds(const Parameters& params, std::string_view where) const {
    for (const Parameter& parameter : params) {
        const Tensor& data = parameter.data();
        if (traits().matrices_only && data.dim() != 2) {
            const std::string shape = parameter.name().empty() ? "" : fmt::format(" of shape {}", data.shape().to_string());
            throw std::invalid_argument(
                fmt::format("{}: parameters must be matrices, of 2 dimensions, got {}{}{}", name(), describe(parameter), shape, where));
        }
        if (traits().real_only && is_complex(data.dtype())) {
            throw std::invalid_argument(fmt::format("{}: parameters must be real, got {} of dtype {}{}", name(), describe(parameter),
                                                    ravine::name(data.dtype()), where));
        }
    }
}

Group& OptimizerBody::add_param_group(Parameters params, const Dict& options) {
    const std::string where = fmt::format(" (group {})", groups().size());
    auto group = class_.make_group();
    GroupAccess::copy_options(*defaults_, *group);
    GroupAccess::assign(*group, options, false, false, where);
    check_group(*group, groups().size(), true);
    check_new_group(params, where);
    check_names(name(), groups(), params);
    check_kinds(params, where);

    std::unordered_set<const Parameter::Body*> elsewhere, here;
    for (const auto& other : groups()) {
        for (const Parameter& parameter : other->params()) elsewhere.insert(parameter.body());
    }
    std::vector<std::string> twice;
    for (const Parameter& parameter : params) {
        if (elsewhere.count(parameter.body()) > 0) {
            throw std::invalid_argument(
                fmt::format("{}: a parameter must be in one group only, got {} again{}", name(), describe(parameter), where));
        }
        if (!here.insert(parameter.body()).second) twice.push_back(describe(parameter));
    }
    GroupAccess::params(*group) = std::move(params);
    for (const auto& [key, value] : options) GroupAccess::order(*group).push_back(key.as<std::string>());
    groups_->groups.reserve(groups_->groups.size() + 1);
    prepare_group(group->params());
    groups_->groups.push_back(std::move(group));
    groups_changed();
    if (!twice.empty() && context_.log != nullptr) {
        context_.log->warn(LogCode::duplicate_parameter,
                           fmt::format("{}: a parameter should be in a group once and is stepped twice, got {} again{}", name(),
                                       fmt::join(twice, ", "), where));
    }
    return *groups_->groups.back();
}

void OptimizerBody::remove_param(const Parameter& parameter) {
    bool found = false;
    const Parameter removed = parameter;  // the argument may lie in the list that shrinks
    for (const auto& group : groups()) found = std::erase(GroupAccess::params(*group), removed) > 0 || found;
    if (!found) {
        throw std::out_of_range(fmt::format("{}: remove_param must be given a parameter of a group, got {}", name(), describe(removed)));
    }
    groups_changed();
    forget_state(removed);
}

void OptimizerBody::set_implementation(Implementation implementation) {
    const std::string complaint = detail::implementation_complaint(traits(), class_.fields, implementation);
    if (!complaint.empty()) throw std::invalid_argument(fmt::format("{}: {}", name(), complaint));
    GroupAccess::set_implementation(*defaults_, implementation);
    for (const auto& group : groups()) GroupAccess::set_implementation(*group, implementation);
}

Dict OptimizerBody::defaults() const {
    Dict result;
    for (const std::string& key : defaults_->keys()) result.set(key, defaults_->get(key));
    return result;
}

std::string OptimizerBody::to_string() const {
    std::string text = fmt::format("{} (\n", name());
    for (std::size_t g = 0; g < groups().size(); ++g) {
        text += fmt::format("Parameter Group {}\n", g);
        std::vector<std::string> keys = groups()[g]->keys();
        std::sort(keys.begin(), keys.end());
        for (const std::string& key : keys) text += fmt::format("    {}: {}\n", key, groups()[g]->get(key).to_string());
    }
    return text + ")";
}

}  // namespace ravine::inline v0::optim
