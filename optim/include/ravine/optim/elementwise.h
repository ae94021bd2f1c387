#pragma once
#include <ravine/optim/algorithm.h>
#include <ravine/optim/optimizer.h>

namespace ravine::inline v0::optim {

namespace detail {
/// A body for an algorithm with its first group; checks everything. An empty list of parameters makes no group.
RAVINE_API BodyPointer make_elementwise(const Algorithm& algorithm, Parameters params, std::shared_ptr<Group> defaults,
                                        const Context& context);
}  // namespace detail

/// The optimizer class of an elementwise algorithm A (see algorithm_of for what A has): an Optimizer whose groups show
/// their options as plain data. Adds no data to Optimizer.
template <class A> class Elementwise : public Optimizer {
  public:
    using Options = typename A::Options;
    using TypedGroup = OptionsGroup<Options>;

    /// One group with these parameters and options; `({}, {...})` starts without a group. std::invalid_argument: an option
    /// out of its range, options that contradict one another, names for some parameters only.
    explicit Elementwise(Parameters params, const Options& options = {}, const Context& context = {})
        : Optimizer(detail::make_elementwise(algorithm_of<A>(), std::move(params), make_defaults(options), context)) {}

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

}  // namespace ravine::inline v0::optim
