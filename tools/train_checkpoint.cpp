#include "train_checkpoint.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::string_view kind = "ravine train";
constexpr std::int64_t version = 1;

Value value_of(std::optional<double> number) { return number ? Value(*number) : Value(); }

/// The history as columns: one list for each number.
Dict history_dict(const std::vector<EpochRecord>& history) {
    List train_loss, train_accuracy, test_loss, test_accuracy, averaged, lr;
    for (const EpochRecord& record : history) {
        train_loss.items.emplace_back(record.train.loss);
        train_accuracy.items.emplace_back(record.train.accuracy);
        test_loss.items.emplace_back(record.test.loss);
        test_accuracy.items.emplace_back(record.test.accuracy);
        averaged.items.push_back(value_of(record.averaged));
        lr.items.emplace_back(record.lr);
    }
    return {{"train_loss", std::move(train_loss)}, {"train_accuracy", std::move(train_accuracy)},
            {"test_loss", std::move(test_loss)}, {"test_accuracy", std::move(test_accuracy)},
            {"averaged_test_accuracy", std::move(averaged)}, {"lr", std::move(lr)}};
}

std::vector<EpochRecord> history_from(const Dict& dict) {
    std::vector<EpochRecord> result(dict.at("lr").items().size());
    const auto column = [&](const char* name) {
        const auto items = dict.at(name).items();
        if (items.size() != result.size()) throw std::invalid_argument(fmt::format("{} of {} epochs in {}", items.size(), result.size(), name));
        return items;
    };
    const auto train_loss = column("train_loss"), train_accuracy = column("train_accuracy"), test_loss = column("test_loss"),
               test_accuracy = column("test_accuracy"), averaged = column("averaged_test_accuracy"), lr = column("lr");
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i].train = {train_loss[i].as<double>(), train_accuracy[i].as<double>()};
        result[i].test = {test_loss[i].as<double>(), test_accuracy[i].as<double>()};
        if (!averaged[i].is_null()) result[i].averaged = averaged[i].as<double>();
        result[i].lr = lr[i].as<double>();
    }
    return result;
}

}  // namespace

Dict TrainRun::state_dict() const {
    Dict model;
    for (const Parameter& parameter : parameters_) model.set(parameter.name(), parameter.data());
    for (const swa::Buffer& buffer : network_.buffers()) model.set(buffer.name, buffer.data);
    Dict state = {{"model", std::move(model)}};
    optimizers_.save(state);
    state.set("averaged", averaged_ ? averaged_->state_dict() : Value());
    state.set("history", history_dict(history_));
    return state;
}

void TrainRun::load_state_dict(const Dict& state) {
    const Dict& model = state.at("model").as<Dict>();
    const swa::Buffers buffers = network_.buffers();
    const std::size_t expected = parameters_.size() + buffers.size();
    if (model.size() != expected) throw std::invalid_argument(fmt::format("{} tensors of the model instead of {}", model.size(), expected));
    for (const Parameter& parameter : parameters_) parameter.data().copy_(model.at(parameter.name()).as<Tensor>());
    for (const swa::Buffer& buffer : buffers) buffer.data.copy_(model.at(buffer.name).as<Tensor>());
    optimizers_.load(state);
    if (averaged_) averaged_->load_state_dict(state.at("averaged"));
    history_ = history_from(state.at("history").as<Dict>());
    if (epoch() > settings_.epochs) throw std::invalid_argument(fmt::format("{} epochs of {}", epoch(), settings_.epochs));
}

TrainCheckpoint::TrainCheckpoint(const std::string& path, const Context& context) : path_(path), tree_(load(path, context)) {
    const Dict* root = tree_.get_if<Dict>();
    const Value* written = root != nullptr ? root->find("kind") : nullptr;
    if (written == nullptr || !(*written == Value(kind))) refuse("another file");
    try {
        if (const auto number = root->at("version").as<std::int64_t>(); number != version) refuse(fmt::format("version {}", number));
        settings_ = TrainSettings::from_dict(root->at("settings").as<Dict>());
    } catch (const std::logic_error& error) {
        refuse(error.what());
    }
}

void TrainCheckpoint::restore(TrainRun& run) const {
    const auto data_of = [&] {
        try {
            return tree_.at("data").as<std::string>();
        } catch (const std::logic_error& error) {
            refuse(error.what());
        }
    };
    if (const std::string data = data_of(); data != run.data().crc32) {
        throw std::invalid_argument(fmt::format("train: --data must be what the file was trained on (CRC-32 {}), got {} with {} ({})",
                                                printable(data, 40), run.data().name, run.data().crc32, path_));
    }
    try {
        run.load_state_dict(tree_.at("run").as<Dict>());
    } catch (const std::logic_error& error) {
        refuse(error.what());
    }
}

void TrainCheckpoint::refuse(std::string_view why) const {
    throw std::runtime_error(fmt::format("train: --resume must be a file that train wrote, got {} ({})", why, path_));
}

void save_run(const TrainRun& run, const std::string& path) {
    save(Dict{{"kind", kind},
              {"version", version},
              {"settings", run.settings().to_dict()},
              {"data", run.data().crc32},
              {"run", run.state_dict()}},
         path);
}

}  // namespace ravine::tools
