#pragma once
#include <ravine/optim/optimizer.h>

#include <string>
#include <string_view>

namespace ravine::inline v0::optim {

/// A class of optimizers with its types erased: what is alike for all, however they update. Made by `describe_class`.
struct OptimizerClass {
    std::string_view name;  ///< torch's class name
    std::shared_ptr<Group> (*make_group)();
    std::span<const FieldInfo> fields;
    /// Empty, or why these options contradict one another, after each was checked alone.
    std::string (*contradiction)(const void* options);
    /// Puts right what a loaded group may not say (AdamW: its decay is always decoupled).
    void (*after_load)(void* options);
    /// A body without groups. std::invalid_argument if the defaults are not to be stepped with.
    detail::BodyPointer (*make_body)(const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context);
    Traits traits = {};
};

/// The description of A; defined for each class in one source file, for elementwise ones by RAVINE_ALGORITHM(A) (describe.h).
template <class A> const OptimizerClass& class_of();

/// The class of torch's name, in any case. std::out_of_range with the known ones.
RAVINE_API const OptimizerClass& class_named(std::string_view name);
/// An optimizer of a class, which may be the caller's own, with options by name; see `make` by name (optimizer.h).
RAVINE_API Optimizer make(const OptimizerClass& its_class, Parameters params, const Dict& options = {}, const Context& context = {});

namespace detail {
/// A body with its first group; checks everything. An empty list of parameters makes no group.
RAVINE_API BodyPointer make_with_group(const OptimizerClass& its_class, Parameters params, std::shared_ptr<Group> defaults,
                                       const Context& context);
}  // namespace detail

/// The optimizer of a class A, which has `Options` and `name` (see class_of): an Optimizer whose groups show their options as
/// plain data. Adds no data to Optimizer.
template <class A> class OptimizerOf : public Optimizer {
  public:
    using Options = typename A::Options;
    using TypedGroup = OptionsGroup<Options>;

    /// One group with these parameters and options; `({}, {...})` starts without a group. std::invalid_argument: an option
    /// out of its range, options that contradict one another, names for some parameters only.
    explicit OptimizerOf(Parameters params, const Options& options = {}, const Context& context = {})
        : Optimizer(detail::make_with_group(class_of<A>(), std::move(params), make_defaults(options), context)) {}

    /// Adds a group with the optimizer's own options, and returns it: `add_param_group({b}).options.weight_decay = 0`.
    TypedGroup& add_param_group(Parameters params, const Dict& options = {}) {
        return static_cast<TypedGroup&>(Optimizer::add_param_group(std::move(params), options));
    }
    GroupRange<TypedGroup> param_groups() const noexcept { return GroupRange<TypedGroup>(group_set()->groups); }

  private:
    static std::shared_ptr<Group> make_defaults(const Options& options) {
        auto group = std::make_shared<TypedGroup>(A::name);
        group->options = options;
        return group;
    }
};

namespace detail {
template <class A> constexpr Traits traits_of() {
    if constexpr (requires { A::traits; }) return A::traits;
    else return {};
}
/// Empty, or that this implementation is not among those of a class with these fields.
RAVINE_API std::string implementation_complaint(const Traits& traits, std::span<const FieldInfo> fields, Implementation implementation);
/// Empty, or that this implementation does not go with the flag differentiable.
RAVINE_API std::string differentiable_complaint(Implementation implementation, bool foreach_too);
}  // namespace detail

/// The description of A, which has `Options` (an aggregate with `fields()`), `name`, and where it needs them `traits`,
/// `contradiction(options)`, `after_load(options)` and `foreach_is_differentiable`.
template <class A>
OptimizerClass describe_class(detail::BodyPointer (*make_body)(const OptimizerClass&, std::shared_ptr<Group>, const Context&)) {
    using Options = typename A::Options;
    return {A::name,
            []() -> std::shared_ptr<Group> { return std::make_shared<OptionsGroup<Options>>(A::name); },
            fields_of<Options>(),
            [](const void* erased) {
                [[maybe_unused]] const auto& options = *static_cast<const Options*>(erased);
                std::string text;
                if constexpr (requires { A::contradiction(options); }) text = A::contradiction(options);
                if constexpr (requires { options.implementation; }) {
                    if (text.empty()) text = detail::implementation_complaint(detail::traits_of<A>(), fields_of<Options>(), options.implementation);
                }
                if constexpr (requires { options.differentiable; }) {
                    constexpr bool foreach_too = requires { requires A::foreach_is_differentiable; };
                    if (text.empty() && options.differentiable) text = detail::differentiable_complaint(options.implementation, foreach_too);
                }
                return text;
            },
            [](void* options) {
                if constexpr (requires(Options& o) { A::after_load(o); }) A::after_load(*static_cast<Options*>(options));
                else (void)options;
            },
            make_body,
            detail::traits_of<A>()};
}

}  // namespace ravine::inline v0::optim
