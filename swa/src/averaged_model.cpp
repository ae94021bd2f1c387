#include <ravine/swa/averaged_model.h>

#include <ravine/kernels/rules/average.h>
#include <ravine/runtime/update.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace ravine::inline v0::swa {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw std::invalid_argument("AveragedModel: " + message); }

/// The key of each parameter in a state_dict.
std::vector<std::string> keys_of(const Parameters& model) {
    if (model.empty()) invalid("the model must have parameters, got none");
    std::vector<std::string> keys;
    for (const Parameter& parameter : model) {
        if (parameter.has_name() != model.front().has_name()) invalid("all parameters must have names or none, got both kinds");
        keys.push_back("module." + (parameter.has_name() ? parameter.name() : std::to_string(keys.size())));
    }
    std::set<std::string_view> seen;
    for (const std::string& key : keys) {
        if (!seen.insert(key).second) invalid(fmt::format("parameters must have different names, got {} twice", Value(key).to_string()));
    }
    return keys;
}

Parameter copy_of(const Parameter& parameter, const Context& context) {
    const Tensor data = zeros_like(parameter.data(), context);
    data.copy_(parameter.data(), context);
    return parameter.has_name() ? Parameter(parameter.name(), data) : Parameter(data);
}

/// Empty, or how a tensor differs from an average.
std::string difference(const Tensor& average, const Tensor& other) {
    if (other.shape() == average.shape() && other.dtype() == average.dtype()) return {};
    return fmt::format("must be a {} tensor of shape {}, got {}", name(average.dtype()), average.shape().to_string(), Value(other).to_string());
}

}  // namespace

Averaging ema(double decay) {
    if (!(decay >= 0 && decay <= 1)) throw std::invalid_argument(fmt::format("ema: decay must be in [0, 1], got {}", decay));
    Averaging result;
    result.decay_ = decay;
    result.exponential_ = true;
    return result;
}

struct AveragedModel::Body {
    Body(const Parameters& model, const Averaging& how, const Context& where) : averaging(how), context(where), keys(keys_of(model)) {
        for (const Parameter& parameter : model) averages.push_back(copy_of(parameter, context));
        if (context.executor != nullptr) return;
        own_executor = std::make_unique<ThreadExecutor>();
        context.executor = own_executor.get();
    }

    void check(const Parameters& model) const;
    void follow(const Parameters& model);
    void make_plan(const Parameters& model);
    void average();

    Averaging averaging;
    Context context;
    std::vector<std::string> keys;
    Parameters averages;
    std::int64_t n_averaged = 0;
    std::unique_ptr<ThreadExecutor> own_executor;
    Plan plan;
    std::vector<Tensor> planned;  // the model's tensors in the plan
    std::vector<unsigned> entries;
};

void AveragedModel::Body::check(const Parameters& model) const {
    if (model.size() != averages.size()) invalid(fmt::format("the model must have {} parameters, got {}", averages.size(), model.size()));
    for (std::size_t i = 0; i < model.size(); ++i) {
        if (model[i].has_name() != averages[i].has_name() || model[i].name() != averages[i].name()) {
            invalid(fmt::format("parameter {} must be {}, got {}", i, Value(averages[i].name()).to_string(), Value(model[i].name()).to_string()));
        }
        const Tensor& now = model[i].data();
        std::string text = difference(averages[i].data(), now);
        if (text.empty() && now.device() != averages[i].data().device()) {
            text = fmt::format("must be on {}, got {}", ravine::name(averages[i].data().device()), ravine::name(now.device()));
        }
        if (!text.empty()) invalid(fmt::format("parameter {} {}", i, text));
    }
}

/// Points the plan at where the model's memory is now.
void AveragedModel::Body::follow(const Parameters& model) {
    if (planned.size() != model.size()) return make_plan(model);
    for (std::size_t i = 0; i < model.size(); ++i) {
        const Tensor& now = model[i].data();
        if (now.is_same_view(planned[i])) continue;
        if (!(now.strides() == planned[i].strides())) return make_plan(model);
        plan.move_slot(i, kernels::AverageSlots::current, now);
        planned[i] = now;
    }
}

void AveragedModel::Body::make_plan(const Parameters& model) {
    const auto family = kernels::family_kernels<kernels::Averages>();
    const auto grid_family = kernels::family_grid_kernels<kernels::Averages>();
    const Isa isa = default_isa();
    plan.clear();
    planned.clear();
    entries.clear();
    std::vector<std::pair<std::pair<Device, DType>, unsigned>> entry_of;
    for (std::size_t i = 0; i < model.size(); ++i) {
        const Tensor& average = averages[i].data();
        const std::pair kind(average.device(), real_dtype(average.dtype()));
        auto found = std::find_if(entry_of.begin(), entry_of.end(), [&](const auto& entry) { return entry.first == kind; });
        if (found == entry_of.end()) {
            entries.push_back(plan.add_entry(ravine::entry_of(family, grid_family, averaging.is_exponential() ? 1 : 0,
                                                          kernels::AverageSlots::writes, isa, kind.second, kind.first)));
            found = entry_of.insert(entry_of.end(), {kind, entries.back()});
        }
        const Tensor* slots[kernels::AverageSlots::slots] = {&average, &model[i].data()};
        plan.add_row(found->second, slots);
        planned.push_back(model[i].data());
    }
    plan.seal(context.executor->concurrency(), context);
}

void AveragedModel::Body::average() {
    for (const unsigned entry : entries) {
        plan.entry(entry).arguments.terms[0] = averaging.is_exponential() ? 1 - averaging.decay() : static_cast<double>(n_averaged + 1);
    }
    plan.run(*context.executor);
}

AveragedModel::AveragedModel(const Parameters& model, const Averaging& averaging, const Context& context)
    : body_(std::make_unique<Body>(model, averaging, context)) {}
AveragedModel::AveragedModel(AveragedModel&&) noexcept = default;
AveragedModel& AveragedModel::operator=(AveragedModel&&) noexcept = default;
AveragedModel::~AveragedModel() = default;

void AveragedModel::update_parameters(const Parameters& model) {
    body_->check(model);
    if (body_->n_averaged == 0) {
        for (std::size_t i = 0; i < model.size(); ++i) body_->averages[i].data().copy_(model[i].data(), body_->context);
    } else {
        body_->follow(model);
        body_->average();
    }
    ++body_->n_averaged;
}

const Parameters& AveragedModel::parameters() const noexcept { return body_->averages; }
std::int64_t AveragedModel::n_averaged() const noexcept { return body_->n_averaged; }

Value AveragedModel::state_dict() const {
    Dict state;
    state.set("n_averaged", borrow(&body_->n_averaged, {}).clone(body_->context));
    for (std::size_t i = 0; i < body_->keys.size(); ++i) state.set(body_->keys[i], body_->averages[i].data());
    return state;
}

void AveragedModel::load_state_dict(const Value& state_dict) {
    const Dict* state = state_dict.get_if<Dict>();
    if (state == nullptr) invalid("load_state_dict must be given a dict, got " + state_dict.to_string());
    std::vector<std::string> complaints;
    std::vector<Tensor> tensors;
    const auto tensor_at = [&](const std::string& key) {
        const Value* value = state->find(key);
        const Tensor* tensor = value == nullptr ? nullptr : value->get_if<Tensor>();
        if (tensor != nullptr && tensor->defined()) return *tensor;
        complaints.push_back(fmt::format("{} must be a tensor, got {}", Value(key).to_string(), value == nullptr ? "none" : value->to_string()));
        return Tensor();
    };
    const Tensor count = tensor_at("n_averaged");
    if (count.defined() && !(count.dtype() == DType::i64 && count.numel() == 1 && count.item() >= 0)) {
        complaints.push_back("'n_averaged' must be an int64 of one element >= 0, got " + Value(count).to_string());
    }
    for (std::size_t i = 0; i < body_->keys.size(); ++i) {
        tensors.push_back(tensor_at(body_->keys[i]));
        const std::string text = tensors.back().defined() ? difference(body_->averages[i].data(), tensors.back()) : "";
        if (!text.empty()) complaints.push_back(fmt::format("{} {}", Value(body_->keys[i]).to_string(), text));
    }
    for (const auto& [key, value] : *state) {
        const std::string* name = key.get_if<std::string>();
        const bool known = name != nullptr && (*name == "n_averaged" || std::find(body_->keys.begin(), body_->keys.end(), *name) != body_->keys.end());
        if (!known) complaints.push_back("a key must be one of the model's, got " + key.to_string());
    }
    if (!complaints.empty()) invalid(fmt::format("load_state_dict: {}", fmt::join(complaints, "; ")));
    for (std::size_t i = 0; i < tensors.size(); ++i) body_->averages[i].data().copy_(tensors[i], body_->context);
    body_->n_averaged = *count.clone().span<const std::int64_t>().data();
}

}  // namespace ravine::inline v0::swa
