#include "train_report.h"

#include "json_value.h"
#include "plot.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ravine::tools {
namespace {

EpochTime total_time(const TrainRun& run) {
    EpochTime sum;
    for (const EpochTime& time : run.times()) {
        sum.steps += time.steps;
        sum.seconds += time.seconds;
        sum.training_seconds += time.training_seconds;
        sum.optimizer_seconds += time.optimizer_seconds;
    }
    return sum;
}

/// Without the sign that a NaN may have.
std::string loss_text(double loss) { return std::isnan(loss) ? "nan" : fmt::format("{:.4g}", loss); }

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string optimizer_share(const EpochTime& time) {
    return time.training_seconds > 0 ? fmt::format("{:.0f} %", 100 * time.optimizer_seconds / time.training_seconds) : "-";
}

bool averages(const TrainRun& run) { return run.settings().ema || run.settings().swa_start != 0; }

std::string averaged_accuracy(const EpochRecord& record) { return record.averaged ? percent(*record.averaged) : "-"; }

/// JSON has no infinities and no NaN.
Json number(double value) {
    if (std::isfinite(value)) return value;
    return {{"$float", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"}};
}

using Row = std::vector<std::string>;

/// Columns as wide as they must be; texts stand left, numbers right.
std::string aligned(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows[0].size());
    for (const Row& row : rows) {
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    }
    std::string text;
    for (const Row& row : rows) {
        text += fmt::format("{:<{}}", row[0], widths[0]);
        for (std::size_t c = 1; c < row.size(); ++c) text += fmt::format("  {:>{}}", row[c], widths[c]);
        text += '\n';
    }
    return text;
}

Row table_row(const TrainRun& run, bool with_average) {
    const EpochRecord& last = run.history().back();
    const EpochTime time = total_time(run);
    Row row = {run.settings().optimizer, loss_text(last.train.loss), percent(last.train.accuracy), percent(last.test.accuracy)};
    if (with_average) row.push_back(averaged_accuracy(last));
    row.insert(row.end(), {fmt::format("{:.4g}", run.lr()), std::to_string(run.epoch()), std::to_string(run.epoch() * run.steps_per_epoch()),
                           fmt::format("{:.2f}", time.seconds), optimizer_share(time)});
    return row;
}

template <class F> Series series_of(const TrainRun& run, std::string name, F value) {
    Series series{std::move(name), {}, {}};
    for (const EpochRecord& record : run.history()) {
        series.x.push_back(static_cast<double>(series.x.size() + 1));
        series.y.push_back(value(record));
    }
    return series;
}

double averaged_percent(const EpochRecord& record) { return record.averaged ? 100 * *record.averaged : std::nan(""); }

}  // namespace

std::string train_heading(const TrainRun& run) {
    const TrainSettings& settings = run.settings();
    const TrainData& data = run.data();
    std::vector<std::int64_t> sizes = {data.features};
    sizes.insert(sizes.end(), settings.hidden.begin(), settings.hidden.end());
    sizes.push_back(data.classes);
    const Device device = run.device();
    const std::string place = device.type == DeviceType::cpu ? "" : fmt::format(", {} ({})", name(device), printable(cuda_device_name(device.index), 100));
    return fmt::format("{} on {}: {} examples and {} for testing; layers {}, {} parameters, {}{}", settings.optimizer, printable(data.name, 200),
                       data.train_labels.size(), data.test_labels.size(), fmt::join(sizes, "-"), run.weights(), short_name(settings.dtype), place);
}

std::string epoch_line(const TrainRun& run) {
    const EpochRecord& record = run.history().back();
    const EpochTime& time = run.times().back();
    const std::string all = std::to_string(run.settings().epochs);
    std::string line = fmt::format("epoch {:>{}}/{}  loss {:<9} train {:>8}  test {:>8}", run.epoch(), all.size(), all, loss_text(record.train.loss),
                                   percent(record.train.accuracy), percent(record.test.accuracy));
    if (averages(run)) line += fmt::format("  averaged {:>8}", averaged_accuracy(record));
    return line + fmt::format("  lr {:<9.4g} {:>6.0f} steps/s  optimizer {:>4}", record.lr, static_cast<double>(time.steps) / time.training_seconds,
                              optimizer_share(time));
}

std::string train_table(const TrainRuns& runs) {
    const bool with_average = std::any_of(runs.begin(), runs.end(), [](const auto& run) { return averages(*run); });
    std::vector<Row> rows = {{"optimizer", "loss", "train", "test"}};
    if (with_average) rows[0].push_back("averaged");
    rows[0].insert(rows[0].end(), {"final lr", "epochs", "steps", "seconds", "in optimizer"});
    for (const auto& run : runs) rows.push_back(table_row(*run, with_average));
    return aligned(rows);
}

std::string train_json(const TrainRuns& runs, optim::Implementation implementation, int threads) {
    std::string text;
    for (const auto& run : runs) {
        const EpochRecord& last = run->history().back();
        const EpochTime time = total_time(*run);
        const Json object = {{"optimizer", run->settings().optimizer},
                             {"implementation", optim::name(run->settings().implementation.value_or(implementation))},
                             {"device", name(run->device())},
                             {"dtype", short_name(run->settings().dtype)},
                             {"threads", threads},
                             {"parameters", run->weights()},
                             {"epochs", run->epoch()},
                             {"steps", run->epoch() * run->steps_per_epoch()},
                             {"seconds", time.seconds},
                             {"optimizer_seconds", time.optimizer_seconds},
                             {"train_loss", number(last.train.loss)},
                             {"train_accuracy", last.train.accuracy},
                             {"test_accuracy", last.test.accuracy},
                             {"averaged_test_accuracy", last.averaged ? Json(*last.averaged) : Json()},
                             {"final_lr", number(run->lr())}};
        text += object.dump() + '\n';
    }
    return text;
}

std::string train_plot(const TrainRuns& runs) {
    Panel loss{"Loss", "epoch", "cross-entropy", {}, true}, accuracy{"Accuracy", "epoch", "percent", {}, false};
    Panel lr{"Learning rate", "epoch", "lr", {}, false};
    const bool alone = runs.size() == 1;
    for (const auto& run : runs) {
        const auto named = [&](const char* part) { return alone ? std::string(part) : run->settings().optimizer; };
        loss.series.push_back(series_of(*run, named("train"), [](const EpochRecord& r) { return r.train.loss; }));
        if (alone) loss.series.push_back(series_of(*run, "test", [](const EpochRecord& r) { return r.test.loss; }));
        if (alone) accuracy.series.push_back(series_of(*run, "train", [](const EpochRecord& r) { return 100 * r.train.accuracy; }));
        accuracy.series.push_back(series_of(*run, named("test"), [](const EpochRecord& r) { return 100 * r.test.accuracy; }));
        if (averages(*run)) accuracy.series.push_back(series_of(*run, alone ? "averaged" : named("") + " averaged", averaged_percent));
        lr.series.push_back(series_of(*run, named("lr"), [](const EpochRecord& r) { return r.lr; }));
    }
    if (alone) loss.title = fmt::format("{}: loss", runs[0]->settings().optimizer);
    else loss.title = "Loss of the training part", accuracy.title = "Accuracy on the test part";
    return svg({std::move(loss), std::move(accuracy), std::move(lr)});
}

}  // namespace ravine::tools
