#include "averaging_form.h"

#include "average_plan.h"

#include <ravine/runtime/list_checks.h>
#include <ravine/runtime/value.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::swa {
namespace {

void check_pairs(const char* who, const AveragingForm& form, std::span<const Tensor> averaged, std::span<const Tensor> current) {
    check_defined(who, "averaged", averaged);
    check_shapes(who, "current", current, averaged);
    check_devices(who, "current", current, averaged);
    for (std::size_t i = 0; i < averaged.size(); ++i) {
        std::string text = form.complaint(averaged[i].dtype());
        if (text.empty() && !can_average(averaged[i], current[i])) {
            text = fmt::format("must have current's dtype {}, got {}", name(current[i].dtype()), name(averaged[i].dtype()));
        }
        if (!text.empty()) throw std::invalid_argument(fmt::format("{}: averaged[{}] {}", who, i, text));
    }
}

void average(const AveragingForm& form, std::span<const Tensor> averaged, std::span<const Tensor> current, std::int64_t n_averaged) {
    ThreadExecutor executor;
    AveragePlan plan(form, {averaged.begin(), averaged.end()}, {.executor = &executor});
    plan.run(current, n_averaged);
}

struct KnownAvg {
    const char* name;
    AveragingForm form;
    Tensor operator()(const Tensor& averaged, const Tensor& current, std::int64_t n_averaged) const {
        check_pairs(name, form, {&averaged, 1}, {&current, 1});
        const Tensor result = averaged.clone();
        average(form, {&result, 1}, {&current, 1}, n_averaged);
        return result;
    }
};

struct KnownMultiAvg {
    const char* name;
    AveragingForm form;
    void operator()(std::span<const Tensor> averaged, std::span<const Tensor> current, std::int64_t n_averaged) const {
        check_pairs(name, form, averaged, current);
        check_writable(name, "averaged", averaged);
        average(form, averaged, current, n_averaged);
    }
};

double checked_decay(const char* who, double decay) {
    if (!(decay >= 0 && decay <= 1)) throw std::invalid_argument(fmt::format("{}: decay must be in [0, 1], got {}", who, decay));
    return decay;
}

}  // namespace

void AveragingForm::set_terms(std::int64_t n_averaged, kernels::StepArguments& arguments) const noexcept {
    const auto count = static_cast<double>(n_averaged + 1);
    switch (rule) {
    case mean: arguments.terms[0] = count; break;
    case products:
        arguments.terms[0] = *decay;
        arguments.terms[1] = 1 - *decay;
        break;
    case lerp:
        if (decay) arguments.terms[0] = 1 - *decay;
        else if (weight == EqualWeight::exact) arguments.terms[0] = 1 / count;
        else arguments.terms[0] = static_cast<double>(1 / static_cast<float>(n_averaged + 1));
    }
}

std::string AveragingForm::complaint(DType dtype) const {
    if (is_float8(dtype)) return fmt::format("must not be of 8-bit floating point, got {}", name(dtype));
    if (is_floating_point(real_dtype(dtype)) || decay) return {};
    if (rule == lerp) return fmt::format("must be floating-point or complex for get_swa_multi_avg_fn, got {}", name(dtype));
    const bool has_difference = dtype == DType::i64 || dtype == DType::i32 || dtype == DType::i16 || dtype == DType::i8 || dtype == DType::u8;
    if (has_difference) return {};
    return fmt::format("must be floating-point, complex, int64, int32, int16, int8 or uint8 for an equal average, got {}", name(dtype));
}

std::optional<AveragingForm> form_of(const AvgFn& avg_fn, const MultiAvgFn& multi_avg_fn) {
    if (!avg_fn && !multi_avg_fn) return AveragingForm{};
    if (const auto* known = avg_fn.target<KnownAvg>()) return known->form;
    if (const auto* known = multi_avg_fn.target<KnownMultiAvg>()) return known->form;
    return {};
}

AvgFn get_swa_avg_fn() { return KnownAvg{"get_swa_avg_fn", {}}; }
MultiAvgFn get_swa_multi_avg_fn(EqualWeight weight) { return KnownMultiAvg{"get_swa_multi_avg_fn", {AveragingForm::lerp, {}, weight}}; }
AvgFn get_ema_avg_fn(double decay) {
    return KnownAvg{"get_ema_avg_fn", {AveragingForm::products, checked_decay("get_ema_avg_fn", decay)}};
}
MultiAvgFn get_ema_multi_avg_fn(double decay) {
    return KnownMultiAvg{"get_ema_multi_avg_fn", {AveragingForm::lerp, checked_decay("get_ema_multi_avg_fn", decay)}};
}

}  // namespace ravine::inline v0::swa
