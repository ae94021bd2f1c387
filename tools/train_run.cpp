#include "train_run.h"

#include "generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::int64_t most_weights = std::int64_t{1} << 28;

/// Seconds since it was made.
class Stopwatch {
  public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

Tensor matrix_of(const Examples& part, std::int64_t features, DType dtype) {
    return borrow(part.features.data(), {part.rows(), features}).to(dtype);
}

Mlp network_for(const TrainSettings& settings, const TrainData& data, Device device, const Context& context) {
    std::vector<std::int64_t> sizes = {data.features};
    sizes.insert(sizes.end(), settings.hidden.begin(), settings.hidden.end());
    sizes.push_back(data.classes);
    Mlp network(std::move(sizes), settings.dtype, device, context);
    if (network.weights() <= most_weights) return network;
    throw std::invalid_argument(fmt::format("train: --hidden must make at most {} parameters, got {}", most_weights, network.weights()));
}

}  // namespace

TrainData::TrainData(Dataset dataset, DType dtype)
    : name(std::move(dataset.name)), crc32(std::move(dataset.crc32)), features(dataset.features), classes(dataset.classes),
      train(matrix_of(dataset.train, features, dtype)), test(matrix_of(dataset.test, features, dtype)),
      train_labels(std::move(dataset.train.labels)), test_labels(std::move(dataset.test.labels)) {}

TrainRun::TrainRun(TrainSettings settings, const TrainData& data, std::optional<optim::Implementation> implementation, Device device,
                   const Context& context)
    : settings_(std::move(settings)), data_(&data), network_(network_for(settings_, data, device, context)),
      parameters_(network_.make_parameters(static_cast<std::uint64_t>(settings_.seed))),
      optimizers_(settings_, parameters_, settings_.implementation ? settings_.implementation : implementation, context) {
    if (settings_.ema) averaged_.emplace(parameters_, swa::ema(*settings_.ema), context);
    else if (settings_.swa_start != 0) averaged_.emplace(parameters_, swa::AveragedModelOptions(), context);
    const auto rows = std::min(settings_.batch, data.train.shape()[0]);
    batch_ = empty({rows, data.features}, settings_.dtype);
    batch_labels_.resize(static_cast<std::size_t>(rows));
}

std::int64_t TrainRun::steps_per_epoch() const {
    const std::int64_t batch = batch_.shape()[0];
    return (data_->train.shape()[0] + batch - 1) / batch;
}

void TrainRun::train_epoch(function_ref<void(std::int64_t)> after_step) {
    const Stopwatch whole;
    EpochTime time;
    EpochRecord record;
    record.lr = lr();
    const std::vector<std::int64_t> shuffled = order();
    for (std::size_t begin = 0; begin < shuffled.size(); begin += batch_labels_.size()) {
        const auto rows = std::span(shuffled).subspan(begin, std::min(batch_labels_.size(), shuffled.size() - begin));
        gather(rows);
        network_.learn(parameters_, rows_of(batch_, 0, static_cast<std::int64_t>(rows.size())), std::span(batch_labels_).first(rows.size()));
        // What a device has yet to do is not the optimizer's, and what the optimizer gave it is.
        synchronize(device());
        const Stopwatch step;
        optimizers_.step();
        synchronize(device());
        time.optimizer_seconds += step.seconds();
        average(false);
        after_step(++time.steps);
    }
    average(true);
    time.training_seconds = whole.seconds();
    record.train = network_.score(parameters_, data_->train, data_->train_labels);
    record.test = network_.score(parameters_, data_->test, data_->test_labels);
    optimizers_.end_epoch(record.train.loss);
    if (averaged_ && averaged_->n_averaged() > 0) record.averaged = network_.score(averaged_->parameters(), data_->test, data_->test_labels).accuracy;
    history_.push_back(record);
    time.seconds = whole.seconds();
    times_.push_back(time);
}

/// Depends on seed and epoch alone, so that nothing must be saved.
std::vector<std::int64_t> TrainRun::order() const {
    std::vector<std::int64_t> result(data_->train_labels.size());
    std::iota(result.begin(), result.end(), 0);
    Generator generator(static_cast<std::uint64_t>(settings_.seed), static_cast<std::uint64_t>(epoch()) + 1);
    for (std::size_t i = result.size(); i > 1; --i) std::swap(result[i - 1], result[generator.below(i)]);
    return result;
}

void TrainRun::gather(std::span<const std::int64_t> rows) {
    const std::size_t bytes = static_cast<std::size_t>(data_->features) * item_size(settings_.dtype);
    const auto* from = static_cast<const std::byte*>(data_->train.data());
    auto* to = static_cast<std::byte*>(batch_.mutable_data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = static_cast<std::size_t>(rows[i]);
        std::memcpy(to + i * bytes, from + row * bytes, bytes);
        batch_labels_[i] = data_->train_labels[row];
    }
}

void TrainRun::average(bool end_of_epoch) {
    if (!averaged_) return;
    const bool due = settings_.ema ? !end_of_epoch : end_of_epoch && epoch() + 1 >= settings_.swa_start;
    if (due) averaged_->update_parameters(parameters_);
}

}  // namespace ravine::tools
