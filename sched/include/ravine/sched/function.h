#pragma once
#include <ravine/runtime/value.h>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace ravine::inline v0::sched {

/// A function object with attributes that belong into the scheduler's state.
template <class F>
concept stateful_function = requires(F& function, const F& constant, const Dict& state) {
    { constant.state_dict() } -> std::same_as<Dict>;
    function.load_state_dict(state);
};

/// A function of the epoch (or of the cycle, CyclicLR::scale_fn) that the user brings. Copies share it.
class Function {
  public:
    template <class F>
    requires(std::is_invocable_r_v<double, F&, std::int64_t> && !std::same_as<std::remove_cvref_t<F>, Function>)
        Function(F function) {
        const auto shared = std::make_shared<F>(std::move(function));
        call_ = [shared](std::int64_t x) { return static_cast<double>((*shared)(x)); };
        if constexpr (stateful_function<F>) {
            save_ = [shared] { return shared->state_dict(); };
            load_ = [shared](const Dict& state) { shared->load_state_dict(state); };
        }
    }
    double operator()(std::int64_t x) const { return call_(x); }
    /// What a state_dict holds of it: null for a plain function, a dict for one that has `state_dict` and `load_state_dict`.
    Value state() const { return save_ ? Value(save_()) : Value(); }
    bool is_stateful() const noexcept { return static_cast<bool>(load_); }
    /// For a stateful one. What it throws passes through.
    void load(const Dict& state) const { load_(state); }

  private:
    std::function<double(std::int64_t)> call_;
    std::function<Dict()> save_;
    std::function<void(const Dict&)> load_;
};

/// One function for all groups of an optimizer, or one for each: `.lr_lambda = {f, g}`.
class Functions {
  public:
    Functions() = delete;  // an option without a default must be given
    template <class F>
    requires(std::is_invocable_r_v<double, F&, std::int64_t>) Functions(F function)
        : functions_{Function(std::move(function))} {}
    Functions(std::initializer_list<Function> functions) : functions_(functions), is_list_(true) {}
    Functions(std::vector<Function> functions) : functions_(std::move(functions)), is_list_(true) {}

    bool is_list() const noexcept { return is_list_; }
    /// As given: one if it is no list.
    const std::vector<Function>& functions() const noexcept { return functions_; }

  private:
    std::vector<Function> functions_;
    bool is_list_ = false;
};

}  // namespace ravine::inline v0::sched
