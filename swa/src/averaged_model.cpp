#include "average_integers.h"
#include "averaged_body.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace ravine::inline v0::swa {
namespace {

/// The key of each tensor in a state_dict.
std::vector<std::string> keys_of(const Parameters& model, const Buffers& buffers) {
    if (model.empty()) invalid_model("the model must have parameters, got none");
    std::vector<std::string> keys;
    for (const Parameter& parameter : model) {
        if (parameter.has_name() != model.front().has_name()) invalid_model("all parameters must have names or none, got both kinds");
        keys.push_back("module." + (parameter.has_name() ? parameter.name() : std::to_string(keys.size())));
    }
    for (const Buffer& buffer : buffers) {
        if (buffer.name.empty() || !buffer.data.defined()) {
            invalid_model(fmt::format("buffer {} must have a name and a tensor, got {}", keys.size() - model.size(),
                                      buffer.name.empty() ? "no name" : "no tensor"));
        }
        keys.push_back("module." + buffer.name);
    }
    std::set<std::string_view> seen;
    for (const std::string& key : keys) {
        if (!seen.insert(key).second) invalid_model(fmt::format("parameters and buffers must have different names, got {} twice", Value(key).to_string()));
    }
    return keys;
}

void check_options(const AveragedModelOptions& options, const std::optional<AveragingForm>& form) {
    if (options.avg_fn && options.multi_avg_fn) invalid_model("at most one of avg_fn and multi_avg_fn must be given, got both");
    if (options.dtype && !is_floating_point(*options.dtype)) {
        invalid_model(fmt::format("dtype must be float64, float32, bfloat16 or float16, got {}", name(*options.dtype)));
    }
    if (!options.use_buffers || !form) return;
    for (const Buffer& buffer : options.buffers) {
        const std::string text = form->complaint(buffer.data.dtype());
        if (!text.empty()) invalid_model(fmt::format("buffer {} {}", Value(buffer.name).to_string(), text));
    }
}

void check_one(const char* kind, std::size_t i, const std::string& expected, const Tensor& average, DType dtype, const std::string& given, const Tensor& tensor) {
    if (given != expected) invalid_model(fmt::format("{} {} must be {}, got {}", kind, i, Value(expected).to_string(), Value(given).to_string()));
    const std::string text = difference(average.shape(), dtype, tensor);
    if (!text.empty()) invalid_model(fmt::format("{} {} {}", kind, i, text));
}

/// A tensor that a function of a user cannot write to.
Tensor read_only(const Tensor& tensor) {
    return borrow(static_cast<const void*>(tensor.data()), tensor.dtype(), tensor.shape(), {.strides = tensor.strides(), .device = tensor.device()});
}

/// The model's tensor where its average is, in the average's dtype.
Tensor brought(const Tensor& current, const Tensor& average, const Context& context) {
    const Tensor converted = current.dtype() == average.dtype() ? current : current.to(average.dtype(), context);
    return converted.device() == average.device() ? converted : converted.to(average.device(), context);
}

/// What an avg_fn returned, in the average's dtype.
Tensor checked_result(const Tensor& result, const Tensor& average, const std::string& key, const Context& context) {
    const auto real = [](DType dtype) { return !is_complex(dtype); };
    const bool fits = result.defined() && result.shape() == average.shape() && (result.dtype() == average.dtype() || (real(result.dtype()) && real(average.dtype())));
    if (!fits) {
        invalid_model(fmt::format("avg_fn must return a {} tensor of shape {} for {}, got {}", real(average.dtype()) ? "real" : name(average.dtype()),
                                  average.shape().to_string(), Value(key).to_string(), result.defined() ? Value(result).to_string() : "an undefined one"));
    }
    if (result.dtype() == average.dtype()) return result;
    if (!is_floating_point(average.dtype())) return truncated_to(average.dtype(), result, context);
    const bool on_its_device = is_floating_point(result.dtype());
    return (on_its_device ? result : result.to(Device{}, context)).to(average.dtype(), context);
}

}  // namespace

void invalid_model(const std::string& message) { throw std::invalid_argument("AveragedModel: " + message); }

std::string difference(const Shape& shape, DType dtype, const Tensor& given) {
    if (given.defined() && given.shape() == shape && given.dtype() == dtype) return {};
    return fmt::format("must be a {} tensor of shape {}, got {}", name(dtype), shape.to_string(), given.defined() ? Value(given).to_string() : "none");
}

AveragedModelOptions ema(double decay) {
    AveragedModelOptions options;
    options.multi_avg_fn = get_ema_multi_avg_fn(decay);
    return options;
}

AveragedModel::Body::Body(const Parameters& model, const AveragedModelOptions& how, const Context& where)
    : options(how), context(where), form(form_of(how.avg_fn, how.multi_avg_fn)), keys(keys_of(model, how.buffers)) {
    check_options(options, form);
    averaged = model.size() + (options.use_buffers ? options.buffers.size() : 0);
    if (context.executor == nullptr) context.executor = (own_executor = std::make_unique<ThreadExecutor>()).get();
    std::vector<Tensor> originals;
    for (const Parameter& parameter : model) originals.push_back(parameter.data());
    for (const Buffer& buffer : options.buffers) originals.push_back(buffer.data);
    for (const Tensor& original : originals) {
        const bool in_other_dtype = options.dtype && is_floating_point(original.dtype()) && tensors.size() < averaged;
        model_dtypes.push_back(original.dtype());
        tensors.push_back(empty_like(original, in_other_dtype ? *options.dtype : original.dtype(), options.device.value_or(original.device()), context));
    }
    foreach::copy_(tensors, originals, context);
    for (std::size_t i = 0; i < model.size(); ++i) {
        parameters.push_back(model[i].has_name() ? Parameter(model[i].name(), tensors[i]) : Parameter(tensors[i]));
    }
    for (std::size_t i = model.size(); i < tensors.size(); ++i) buffers.push_back({options.buffers[i - model.size()].name, tensors[i]});
    options.buffers.clear();
    if (form) plan.emplace(*form, std::vector<Tensor>(averages().begin(), averages().end()), context);
}

void AveragedModel::Body::check(const Parameters& model, const Buffers& now) const {
    if (model.size() != parameters.size()) invalid_model(fmt::format("the model must have {} parameters, got {}", parameters.size(), model.size()));
    if (now.size() != buffers.size()) invalid_model(fmt::format("the model must have {} buffers, got {}", buffers.size(), now.size()));
    for (std::size_t i = 0; i < model.size(); ++i) check_parameter(i, model[i]);
    for (std::size_t i = 0; i < now.size(); ++i) check_one("buffer", i, buffers[i].name, tensors[model.size() + i], model_dtypes[model.size() + i], now[i].name, now[i].data);
}

void AveragedModel::Body::check_parameter(std::size_t index, const Parameter& parameter) const {
    check_one("parameter", index, parameters[index].name(), tensors[index], model_dtypes[index], parameter.name(), parameter.data());
}

bool AveragedModel::Body::has_seen(const Parameters& model, const Buffers& now) const noexcept {
    constexpr std::size_t ahead = 8;
    if (model.size() != seen.size() || now.size() != buffers.size()) return false;
    for (std::size_t i = 0; i < model.size(); ++i) {
        if (i + ahead < model.size()) __builtin_prefetch(model[i + ahead].body());
        if (!(model[i] == seen[i].parameter) || model[i].generation() != seen[i].generation) return false;
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i].name != buffers[i].name || !now[i].data.is_same_view(currents[model.size() + i])) return false;
    }
    return true;
}

void AveragedModel::Body::see(const Parameters& model, const Buffers& now) {
    seen.clear();
    currents.clear();
    plan_follows = false;
    for (const Parameter& parameter : model) currents.push_back(parameter.data());
    for (const Buffer& buffer : now) currents.push_back(buffer.data);
    for (const Parameter& parameter : model) seen.push_back({parameter, parameter.generation()});
}

void AveragedModel::Body::update(const Parameters& model, const Buffers& now) {
    if (!has_seen(model, now)) {
        check(model, now);
        see(model, now);
    }
    const auto averages_of = std::span(currents).first(averaged);
    if (n_averaged == 0) {
        foreach::copy_(averages(), averages_of, context);
    } else if (plan) {
        plan->run(averages_of, n_averaged, plan_follows);
        plan_follows = true;
    } else if (options.avg_fn) {
        call_avg_fn();
    } else {
        call_multi_avg_fn();
    }
    for (std::size_t i = averaged; i < tensors.size(); ++i) tensors[i].copy_(currents[i], context);
    ++n_averaged;
}

/// Beside the averages, so that a function that fails half-way has changed nothing.
std::span<const Tensor> AveragedModel::Body::shadows_of_averages() {
    while (shadows.size() < averaged) {
        const Tensor& average = tensors[shadows.size()];
        shadows.push_back(empty_like(average, average.dtype(), average.device(), context));
    }
    foreach::copy_(shadows, averages(), context);
    return shadows;
}

void AveragedModel::Body::call_avg_fn() {
    const auto results = shadows_of_averages();
    for (std::size_t i = 0; i < averaged; ++i) {
        const Tensor current = brought(currents[i], tensors[i], context);
        const Tensor result = options.avg_fn(read_only(tensors[i]), read_only(current), n_averaged);
        results[i].copy_(checked_result(result, tensors[i], keys[i], context), context);
    }
    foreach::copy_(averages(), results, context);
}

void AveragedModel::Body::call_multi_avg_fn() {
    const auto results = shadows_of_averages();
    std::vector<bool> done(averaged);
    for (std::size_t first = 0; first < averaged; ++first) {
        std::vector<Tensor> group, now, kept;
        for (std::size_t i = first; i < averaged; ++i) {
            if (done[i] || tensors[i].device() != tensors[first].device() || tensors[i].dtype() != tensors[first].dtype()) continue;
            done[i] = true;
            group.push_back(results[i]);
            now.push_back(read_only(kept.emplace_back(brought(currents[i], tensors[i], context))));
        }
        if (!group.empty()) options.multi_avg_fn(group, now, n_averaged);
    }
    foreach::copy_(averages(), results, context);
}

AveragedModel::AveragedModel(const Parameters& model, const AveragedModelOptions& options, const Context& context)
    : body_(std::make_unique<Body>(model, options, context)) {}
AveragedModel::AveragedModel(AveragedModel&&) noexcept = default;
AveragedModel& AveragedModel::operator=(AveragedModel&&) noexcept = default;
AveragedModel::~AveragedModel() = default;

void AveragedModel::update_parameters(const Parameters& model, const Buffers& buffers) { body_->update(model, buffers); }
const Parameters& AveragedModel::parameters() const noexcept { return body_->parameters; }
const Buffers& AveragedModel::buffers() const noexcept { return body_->buffers; }
std::int64_t AveragedModel::n_averaged() const noexcept { return body_->n_averaged; }

}  // namespace ravine::inline v0::swa
