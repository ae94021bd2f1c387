#include "train_options.h"

#include <ravine/runtime/text.h>
#include <ravine/sched/registry.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::int64_t most_epochs = 1'000'000;
constexpr std::int64_t largest_batch = std::int64_t{1} << 24;
constexpr std::int64_t widest_layer = std::int64_t{1} << 20;
constexpr std::size_t most_layers = 64;

void check_range(std::string_view option, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) return;
    throw std::invalid_argument(fmt::format("train: --{} must be from {} to {}, got {}", option, low, high, value));
}

}  // namespace

void TrainSettings::check() const {
    if (hidden.size() > most_layers) {
        throw std::invalid_argument(fmt::format("train: --hidden must have at most {} layers, got {}", most_layers, hidden.size()));
    }
    for (const std::int64_t width : hidden) check_range("hidden", width, 1, widest_layer);
    check_range("epochs", epochs, 1, most_epochs);
    check_range("batch", batch, 1, largest_batch);
    check_range("seed", seed, 0, std::numeric_limits<std::int64_t>::max());
    if (swa_start != 0) check_range("swa-start", swa_start, 1, epochs);
    if (ema && !(*ema >= 0 && *ema <= 1)) throw std::invalid_argument(fmt::format("train: --ema must be from 0 to 1, got {}", *ema));
    if (ema && swa_start != 0) throw std::invalid_argument(fmt::format("train: --ema must not go with --swa-start, got {} and {}", *ema, swa_start));
    if (scheduler.empty() && !scheduler_options.empty()) throw std::invalid_argument("train: --scheduler-set must go with --scheduler, got none");
}

Dict TrainSettings::to_dict() const {
    List widths;
    for (const std::int64_t width : hidden) widths.items.emplace_back(width);
    const auto or_null = [](bool present, Value value) { return present ? std::move(value) : Value(); };
    return {{"model", "mlp"},
            {"hidden", std::move(widths)},
            {"batch-norm", batch_norm},
            {"optimizer", optimizer},
            {"set", options},
            {"scheduler", or_null(!scheduler.empty(), scheduler)},
            {"scheduler-set", scheduler_options},
            {"swa-start", or_null(swa_start != 0, swa_start)},
            {"ema", or_null(ema.has_value(), ema.value_or(0))},
            {"epochs", epochs},
            {"batch", batch},
            {"dtype", short_name(dtype)},
            {"seed", seed},
            {"implementation", implementation ? Value(optim::name(*implementation)) : Value()}};
}

TrainSettings TrainSettings::from_dict(const Dict& dict) {
    TrainSettings result;
    if (dict.at("model").as<std::string>() != "mlp") throw std::invalid_argument("train: model must be mlp, got another");
    result.hidden.clear();
    for (const Value& width : dict.at("hidden").items()) result.hidden.push_back(width.as<std::int64_t>());
    // A file of an older version has no such key.
    if (const Value* batch_norm = dict.find("batch-norm")) result.batch_norm = batch_norm->as<bool>();
    result.optimizer = optim::class_name(dict.at("optimizer").as<std::string>());
    result.options = dict.at("set").as<Dict>();
    const Value& scheduler = dict.at("scheduler");
    if (!scheduler.is_null()) result.scheduler = sched::class_name(scheduler.as<std::string>());
    result.scheduler_options = dict.at("scheduler-set").as<Dict>();
    const Value& swa_start = dict.at("swa-start");
    if (!swa_start.is_null()) result.swa_start = swa_start.as<std::int64_t>();
    const Value& ema = dict.at("ema");
    if (!ema.is_null()) result.ema = ema.as<double>();
    result.epochs = dict.at("epochs").as<std::int64_t>();
    result.batch = dict.at("batch").as<std::int64_t>();
    result.dtype = dtype_from_short_name(dict.at("dtype").as<std::string>(), "train");
    result.seed = dict.at("seed").as<std::int64_t>();
    const Value& implementation = dict.at("implementation");
    if (!implementation.is_null()) result.implementation = optim::implementation_from_name(implementation.as<std::string>());
    result.check();
    return result;
}

}  // namespace ravine::tools
