#include "train_run.h"

#include "generator.h"

#include <ravine/swa/update_bn.h>

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
    Mlp network(std::move(sizes), settings.batch_norm, settings.dtype, device, context);
    if (network.weights() <= most_weights) return network;
    throw std::invalid_argument(fmt::format("train: --hidden must make at most {} parameters, got {}", most_weights, network.weights()));
}

/// torch's norms refuse a row alone, too: it has no variance.
void check_batches(const TrainSettings& settings, std::int64_t rows) {
    const std::int64_t last = rows % settings.batch;
    if (!settings.batch_norm || (last != 1 && settings.batch > 1 && rows > 1)) return;
    throw std::invalid_argument(fmt::format("train: --batch must leave at least 2 of {} examples to each step with --batch-norm, got {}", rows, settings.batch));
}

/// An averaged network as swa::update_bn knows it.
struct AveragedNetwork {
    Mlp& network;
    const Parameters& parameters;
    bool mode = false;

    std::vector<BatchNorm>& norm_layers() { return network.norm_layers(); }
    bool training() const { return mode; }
    void train(bool on) { mode = on; }
    void forward(const Tensor& inputs) { network.run(parameters, inputs, mode); }
};

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
    check_batches(settings_, data.train.shape()[0]);
    if (settings_.ema || settings_.swa_start != 0) make_averaged(context);
    const auto rows = std::min(settings_.batch, data.train.shape()[0]);
    batch_ = empty({rows, data.features}, settings_.dtype);
    batch_labels_.resize(static_cast<std::size_t>(rows));
}

void TrainRun::make_averaged(const Context& context) {
    swa::AveragedModelOptions options = settings_.ema ? swa::ema(*settings_.ema) : swa::AveragedModelOptions();
    options.buffers = network_.buffers();
    averaged_.emplace(parameters_, options, context);
    averaged_network_.emplace(network_for(settings_, *data_, network_.device(), context));
    averaged_network_->set_buffers(averaged_->buffers());
    // In the pass of the step, where one optimizer has all parameters.
    if (settings_.ema && optimizers_.only() != nullptr) averaged_->follow(*optimizers_.only(), parameters_, network_.buffers());
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
    if (averaged_ && averaged_->n_averaged() > 0) record.averaged = averaged_accuracy();
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
    if (!averaged_ || (settings_.ema && optimizers_.only() != nullptr)) return;
    const bool due = settings_.ema ? !end_of_epoch : end_of_epoch && epoch() + 1 >= settings_.swa_start;
    if (due) averaged_->update_parameters(parameters_, network_.buffers());
}

/// Statistics that norms saw with other weights are of no use to the average: it looks at the training part once more.
double TrainRun::averaged_accuracy() {
    AveragedNetwork network{*averaged_network_, averaged_->parameters()};
    const std::int64_t rows = data_->train.shape()[0], batch = batch_.shape()[0];
    std::vector<Tensor> batches;  // views
    for (std::int64_t begin = 0; begin < rows; begin += batch) batches.push_back(rows_of(data_->train, begin, std::min(batch, rows - begin)));
    swa::update_bn(batches, network);
    return averaged_network_->score(averaged_->parameters(), data_->test, data_->test_labels).accuracy;
}

}  // namespace ravine::tools
