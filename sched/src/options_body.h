#pragma once
#include "python_math.h"
#include "rule_body.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

namespace ravine::inline v0::sched {

/// Empty if it holds, or "<what>, got <got>".
template <class T> std::string must(bool holds, std::string_view what, const T& got) {
    return holds ? std::string() : fmt::format("{}, got {}", what, got);
}
/// The same from a text that is empty or says what the option must be: what a loaded state is refused with.
template <class T> std::string about(std::string_view option, std::string_view text, const T& got) {
    return text.empty() ? std::string() : fmt::format("{} {}, got {}", option, text, got);
}
inline std::string about(std::string_view option, std::string_view text, const std::string& got) {
    return about(option, text, std::string_view(printable(got)));
}
inline std::string first_complaint(std::initializer_list<std::string> complaints) {
    for (const std::string& complaint : complaints) {
        if (!complaint.empty()) return complaint;
    }
    return {};
}

/// A scheduler whose state is its options. `Rule` has
///     using Options, which have `name`;
///     static std::string complaint(const Options&);                     what the constructor and a loaded state refuse
///     static double at(const Options&, double base_lr, std::int64_t);   the lr at an epoch
/// and, where torch computes the next lr from the one before,
///     static double next(const Options&, const Moment&);
///     static bool needs_base(const Options&, const Moment&);            if `next` ever looks at the base lr
template <class Rule> class OptionsBody final : public RuleBody {
  public:
    using Options = typename Rule::Options;

    OptionsBody(const optim::Optimizer& optimizer, const Options& options)
        : RuleBody(Options::name, optimizer), options_(options) {
        check(Rule::complaint(options_));
    }
    void describe(State& state) override {
        state.options(options_, Rule::complaint);
        describe_common(state);
    }

  private:
    static constexpr bool is_recursive = requires(const Options& options, const Moment& now) { Rule::next(options, now); };

    Form form() const noexcept override { return is_recursive ? Form::closed : Form::direct; }
    double next_lr(const Moment& now) const override {
        if constexpr (is_recursive) return Rule::next(options_, now);
        else return closed_form(now);
    }
    double closed_form(const Moment& now) const override { return Rule::at(options_, now.base_lr, now.epoch); }
    bool needs_numbers(const Moment& now) const override {
        if constexpr (requires { Rule::needs_base(options_, now); }) return Rule::needs_base(options_, now);
        else return !is_recursive;
    }

    Options options_;
};

template <class Rule>
std::shared_ptr<SchedulerBody> started_rule(const optim::Optimizer& optimizer, const typename Rule::Options& options) {
    return started<OptionsBody<Rule>>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
