#include "lbfgs_body.h"

#include "lbfgs_step.h"
#include "parameter_body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

/// As in torch, an unset max_eval is shown as what it stands for.
detail::BodyPointer make_body(const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context) {
    auto& options = static_cast<OptionsGroup<LBFGSOptions>&>(*defaults).options;
    if (!options.max_eval) options.max_eval = default_max_eval(options.max_iter);
    return detail::BodyPointer(new LBFGSBody(self, std::move(defaults), context));
}

/// Runs a step; if it throws, the parameters are put back.
double run_or_restore(LBFGSStep& step, const FlatParameters& flat) {
    const std::vector<Tensor> before = flat.values();
    try {
        return step.run();
    } catch (...) {
        flat.restore(before);
        throw;
    }
}

}  // namespace

template <> const OptimizerClass& class_of<LBFGSAlgorithm>() {
    static const OptimizerClass its_class = describe_class<LBFGSAlgorithm>(&make_body);
    return its_class;
}

std::string LBFGSAlgorithm::contradiction(const Options& options) {
    if (!options.line_search_fn || *options.line_search_fn == "strong_wolfe") return {};
    return fmt::format("line_search_fn must be None or 'strong_wolfe', got {}", Value(*options.line_search_fn).to_string());
}

void LBFGSBody::check_new_group(const Parameters& parameters, const std::string& where) const {
    if (!groups().empty()) throw std::invalid_argument(fmt::format("{}: there must be one group of parameters only, got a second one{}", name(), where));
    for (const Parameter& parameter : parameters) {
        const DType dtype = real_dtype(parameter.data().dtype());
        if (dtype == DType::f64 || dtype == DType::f32) continue;
        throw std::invalid_argument(fmt::format("{}: parameters must be float64, float32 or complex, got {} ({})", name(),
                                                ravine::name(parameter.data().dtype()), describe(parameter)));
    }
}

void LBFGSBody::update() { throw std::invalid_argument(fmt::format("{}: step must be given a closure, got none", name())); }

void LBFGSBody::check_state_fits(const FlatParameters& flat) const {
    if (!state_.direction.defined() || state_.direction.numel() == flat.numel()) return;
    throw std::invalid_argument(fmt::format("{}: the parameters must have as many elements as their state, {}, got {}", name(),
                                            state_.direction.numel(), flat.numel()));
}

double LBFGSBody::step(function_ref<double()> closure) {
    double loss = 0;
    run_followed([&] { loss = minimize(closure); });
    return loss;
}

double LBFGSBody::minimize(function_ref<double()> closure) {
    begin_step();
    check_group(*groups().front(), 0, false);
    if (found_inf().defined() || grad_scale().defined()) {
        throw std::invalid_argument(fmt::format("{}: step must be called without found_inf and grad_scale, got one of them", name()));
    }
    const LBFGSOptions options = this->options();
    Context work = context();
    work.executor = &executor();
    const FlatParameters flat(name(), parameters(), work);
    check_state_fits(flat);
    LBFGSStep step(options, flat, state_, closure, work);
    const double loss = run_or_restore(step, flat);
    if (!parameters().empty()) state_ = std::move(step.state());
    return loss;
}

Dict LBFGSBody::state(const Parameter& parameter) const {
    if (groups().empty() || parameters().empty() || !(parameter == parameters().front())) return {};
    return state_.to_dict(options().history_size, parameter.data().device(), context());
}

Parameters LBFGSBody::parameters_with_state() const {
    if (!state_.exists) return {};
    return {parameters().front()};
}

void LBFGSBody::select_rows(const Parameters&, std::span<const std::int64_t>) {
    throw std::invalid_argument(fmt::format("{}: select_rows must be called for state that has rows, got one of all parameters together", name()));
}

std::shared_ptr<void> LBFGSBody::prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const {
    auto prepared = std::make_shared<LBFGSState>();
    for (const LoadedState& loaded : states) {
        if (!(*loaded.parameter == parameters().front())) {
            complaints.add(fmt::format("{} must be none, since all is kept under the first parameter, {}", loaded.where, describe(parameters().front())));
        } else if (loaded.reordered) {
            complaints.add(fmt::format("{} must be of parameters in the same order, because they have it together", loaded.where));
        } else {
            *prepared = read_lbfgs_state(loaded, total_elements(parameters()), widest_dtype(parameters()), parameters().front().data().device(), rules,
                                         context(), complaints);
        }
    }
    return prepared;
}

void LBFGSBody::exchange_states(void* prepared) noexcept { std::swap(state_, *static_cast<LBFGSState*>(prepared)); }

}  // namespace ravine::inline v0::optim
