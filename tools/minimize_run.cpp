#include "minimize_run.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <cmath>

namespace ravine::tools {
namespace {

std::vector<double> numbers(const Spec& spec, std::string_view key) {
    const Json* json = spec.find(key);
    if (json == nullptr) spec.refuse(fmt::format("{} must be given", key), "none");
    if (!json->is_array() || json->empty()) spec.refuse(fmt::format("{} must be a list of at least one number", key), shown(*json));
    std::vector<double> result;
    for (const Json& item : *json) {
        const std::string place = fmt::format("{}[{}]", key, result.size());
        const Value value = value_from_json(item, place, [&](std::string_view what, std::string_view got) { spec.refuse(what, got); });
        if (!value.is(Value::Kind::integer) && !value.is(Value::Kind::floating)) spec.refuse(fmt::format("{} must be a number", place), shown(item));
        result.push_back(value.number());
    }
    return result;
}

DType read_dtype(const Spec& spec) {
    const std::string name = spec.string("dtype").value_or("f64");
    if (name != "f64" && name != "f32") spec.refuse("dtype must be f64 or f32", ravine::quoted(name));
    return name == "f64" ? DType::f64 : DType::f32;
}

Objective read_objective(const Spec& spec, std::size_t dimensions) {
    const auto name = spec.string("function");
    if (!name) spec.refuse("function must be given", "none");
    const Objective plain(*name);
    if (const std::string wanted = plain.complaint(dimensions); !wanted.empty()) {
        spec.refuse(fmt::format("start must have {} numbers for {}", wanted, plain.name()), std::to_string(dimensions));
    }
    if (!plain.takes_curvature()) {
        if (spec.find("curvature") != nullptr) spec.refuse("curvature must go with the function quadratic", plain.name());
        return plain;
    }
    std::vector<double> curvature = numbers(spec, "curvature");
    if (curvature.size() != dimensions) {
        spec.refuse(fmt::format("curvature must have as many numbers as start, {}", dimensions), std::to_string(curvature.size()));
    }
    return Objective(*name, std::move(curvature));
}

/// The parameter of a run, and the function at it.
class Place {
  public:
    Place(const MinimizePlan& plan, Device device, const Context& context)
        : objective_(plan.objective), context_(context), x_("x", borrow(plan.start.data(), {plan.start.size()}).to(plan.dtype).to(device, context), {}) {
        x_.set_grad(zeros(x_.data().shape(), plan.dtype, device, context));
    }
    const Parameter& parameter() const { return x_; }

    /// The closure of a step: writes the gradient.
    double evaluate() {
        Tensor gradient;
        const double loss = look(gradient);
        x_.grad().copy_(gradient, context_);
        return loss;
    }
    /// Leaves the parameter's gradient as it is.
    MinimizeRow row(std::int64_t step, std::int64_t evals) {
        Tensor gradient;
        const double loss = look(gradient);
        const Tensor point = x_.data().to(DType::f64, context_).to(Device{}, context_), slopes = gradient.to(DType::f64);
        point_.assign(point.span<const double>().begin(), point.span<const double>().end());
        double squares = 0;
        for (const double slope : slopes.span<const double>()) squares += slope * slope;
        return {step, loss, std::sqrt(squares), evals, point_};
    }

  private:
    double look(Tensor& gradient) const {
        const Tensor x = x_.data().to(Device{}, context_);
        gradient = empty(x.shape(), x.dtype());
        if (x.dtype() == DType::f64) return objective_(x.span<const double>(), gradient.span<double>());
        return objective_(x.span<const float>(), gradient.span<float>());
    }

    const Objective& objective_;
    const Context& context_;
    Parameter x_;
    std::vector<double> point_;
};

}  // namespace

MinimizePlan read_minimize_plan(const SpecText& text) {
    const Spec spec("minimize", text, {"function", "curvature", "start", "dtype", "optimizer", "scheduler", "steps"});
    std::vector<double> start = numbers(spec, "start");
    const std::size_t dimensions = start.size();
    const auto steps = spec.steps();
    if (!steps) spec.refuse("steps must be given", "none");
    return {read_objective(spec, dimensions), std::move(start), read_dtype(spec), spec.optimizer(), spec.schedulers(), *steps};
}

void run_minimize(const MinimizePlan& plan, std::optional<optim::Implementation> implementation, Device device, const Context& context,
                  function_ref<void(const MinimizeRow&)> row) {
    Place place(plan, device, context);
    optim::Optimizer optimizer = optim::make(plan.optimizer.type, {place.parameter()}, plan.optimizer.options, context);
    if (implementation) optimizer.set_implementation(*implementation);
    std::vector<sched::LRScheduler> schedulers = make_schedulers(plan.schedulers, optimizer);
    std::int64_t evals = 0;
    row(place.row(0, evals));
    for (std::int64_t t = 1; t <= plan.steps; ++t) {
        optimizer.step([&] {
            ++evals;
            return place.evaluate();
        });
        for (auto& scheduler : schedulers) scheduler.step();
        row(place.row(t, evals));
    }
}

}  // namespace ravine::tools
