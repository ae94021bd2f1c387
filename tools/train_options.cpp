#include "train_options.h"

#include "json_value.h"
#include "spec.h"

#include <ravine/runtime/text.h>
#include <ravine/sched/registry.h>

#include <fmt/format.h>

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <stdexcept>

namespace ravine::tools {
namespace {

namespace fs = std::filesystem;

/// `64,32`; nothing is no hidden layer.
std::vector<std::int64_t> widths_from(const std::string& text) {
    std::vector<std::int64_t> result;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const auto [next, error] = std::from_chars(at, end, result.emplace_back());
        const bool goes_on = next != end && *next == ',' && next + 1 != end;
        if (error != std::errc() || (next != end && !goes_on)) refuse("train", "--hidden must be widths like 64,32", ravine::quoted(text));
        at = goes_on ? next + 1 : next;
    }
    return result;
}

/// `key=value`, into what is there already.
void set_options(Dict& options, const std::vector<std::string>& given, std::string_view name) {
    Dict seen;
    for (const std::string& text : given) {
        const std::size_t sign = text.find('=');
        if (sign == std::string::npos || sign == 0) refuse("train", fmt::format("--{} must be key=value", name), ravine::quoted(text));
        const std::string key = text.substr(0, sign);
        const auto complain = [](std::string_view what, std::string_view got) { refuse("train", what, got); };
        Value value = value_from_json(json_or_text(std::string_view(text).substr(sign + 1)), key, complain);
        if (!seen.insert(key, value)) refuse("train", fmt::format("--{} must have each key once", name), ravine::quoted(key));
        options.set(key, std::move(value));
    }
}

void check_place(const std::string& path, std::string_view option) {
    if (path.empty()) return;
    if (path == "-") refuse("train", fmt::format("--{} must be a file", option), "'-'");
    std::error_code error;
    const fs::path folder = fs::absolute(path).parent_path();
    if (fs::is_directory(path, error) || path.back() == '/') refuse("train", fmt::format("--{} must be a file", option), fmt::format("the folder {}", path));
    if (!fs::is_directory(folder, error)) refuse("train", fmt::format("--{} must lie in a folder that exists", option), path);
    if (access(folder.c_str(), W_OK) != 0) refuse("train", fmt::format("--{} must lie in a folder that can be written", option), path);
}

}  // namespace

void TrainOptions::add_to(Command& command) {
    command.option("--data", data, "a CSV (last column: the class), or a folder with MNIST's IDX files; also .gz (default: the digits shipped)", "DIR|FILE");
    command.option("--model", model_, "the kind of network: mlp", "NAME");
    command.option("--hidden", hidden_, "widths of the hidden layers; '' for none (default: 64)", "N,...");
    command.flag("--batch-norm", batch_norm_, "a batch norm before each ReLU; the averaged model gets statistics of its own after each epoch");
    command.option("--optimizer", optimizer_, "torch's class name in any case (default: AdamW)", "NAME");
    command.option("--set", set_, "options of the optimizer by torch's names; values are JSON, bare words are strings", "KEY=VALUE ...");
    command.option("--scheduler", scheduler_, "torch's class name; steps once an epoch (ReduceLROnPlateau by the training loss)", "NAME");
    command.option("--scheduler-set", scheduler_set_, "options of the scheduler", "KEY=VALUE ...");
    command.option("--swa-start", swa_start_, "average the models after epochs N, N + 1, ...", "N");
    command.option("--ema", ema_, "average the models after all steps, keeping this share of the old average", "DECAY");
    command.option("--epochs", epochs_, "passes over the training part (default: 30)", "N");
    command.option("--batch", batch_, "examples of a step (default: 16)", "N");
    command.option("--dtype", dtype_, "of weights, gradients and activations: f64, f32, bf16 or f16 (default: f32)", "NAME");
    command.option("--seed", seed_, "of the first weights and of the order of examples (default: 0)", "N");
    command.option("--save", save, "write everything there after every epoch", "FILE");
    command.option("--resume", resume,
                   "go on from what --save wrote, to the same bytes as without a break; options come from the file, except --data and "
                   "what only concerns the machine, and --epochs may grow. There is no file before the first epoch has ended",
                   "FILE");
    command.option("--plot", plot, "draw loss, accuracy and lr as SVG", "FILE.svg");
    command.list("--compare", compare_, "train once with each of these optimizers", "NAME,...");
    command.flag("--json", json, "print one JSON object instead of the table");
    run.add_to(command);
    run.allow_device();
}

TrainSettings TrainOptions::settings() const {
    TrainSettings result;
    apply(result);
    return result;
}

TrainSettings TrainOptions::settings(const TrainSettings& file) const {
    TrainSettings result = file;
    apply(result);
    const Dict before = file.to_dict(), after = result.to_dict();
    for (const auto& [key, value] : before) {
        const auto& name = key.as<std::string>();
        const Value& wanted = after.at(key);
        if (wanted == value || (name == "epochs" && result.epochs > file.epochs)) continue;
        refuse("train", fmt::format("--{} must be {} as in the file", name, value.to_string()), fmt::format("{} ({})", wanted.to_string(), resume));
    }
    return result;
}

std::vector<TrainSettings> TrainOptions::compared() const {
    if (optimizer_) refuse("train", "--compare must not go with --optimizer", ravine::quoted(*optimizer_));
    if (!save.empty()) refuse("train", "--compare must not go with --save", ravine::quoted(save));
    if (!resume.empty()) refuse("train", "--compare must not go with --resume", ravine::quoted(resume));
    std::vector<TrainSettings> result;
    for (const std::string& name : compare_) {
        TrainSettings one = settings();
        one.optimizer = optim::class_name(name);
        for (const TrainSettings& other : result) {
            if (other.optimizer == one.optimizer) refuse("train", "--compare must name each class once", ravine::quoted(name));
        }
        result.push_back(std::move(one));
    }
    return result;
}

void TrainOptions::apply(TrainSettings& settings) const {
    if (model_ && *model_ != "mlp") refuse("train", "--model must be mlp", ravine::quoted(*model_));
    if (hidden_) settings.hidden = widths_from(*hidden_);
    if (batch_norm_) settings.batch_norm = true;
    if (optimizer_) settings.optimizer = optim::class_name(*optimizer_);
    set_options(settings.options, set_, "set");
    if (scheduler_) settings.scheduler = sched::class_name(*scheduler_);
    set_options(settings.scheduler_options, scheduler_set_, "scheduler-set");
    if (swa_start_) {
        settings.swa_start = *swa_start_;
        if (*swa_start_ < 1) refuse("train", "--swa-start must be at least 1", fmt::format("{}", *swa_start_));
    }
    if (ema_) settings.ema = ema_;
    if (epochs_) settings.epochs = *epochs_;
    if (batch_) settings.batch = *batch_;
    if (dtype_) settings.dtype = dtype_from_short_name(*dtype_, "train");
    if (seed_) settings.seed = *seed_;
    const bool is_half = item_size(settings.dtype) == 2;
    if (const auto given = run.implementation(); is_half && (given || !settings.implementation)) {
        const auto chosen = given.value_or(optim::Implementation::automatic);
        settings.implementation = chosen == optim::Implementation::automatic ? optim::Implementation::fused : chosen;
    }
    if (!is_half) settings.implementation.reset();
    settings.check();
}

void TrainOptions::check_places() const {
    check_place(save, "save");
    check_place(plot, "plot");
    const std::string suffix = fs::path(save).extension().string();
    const bool known = suffix == ".safetensors" || suffix == ".pt" || suffix == ".pth" || suffix == ".bin";
    if (!save.empty() && !known) refuse("train", "--save must end in .safetensors, .pt, .pth or .bin", ravine::quoted(save));
}

}  // namespace ravine::tools
