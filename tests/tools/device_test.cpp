// What the program computes on a device, on simulated ones.
#include "bench_report.h"
#include "bench_run.h"
#include "train_checkpoint.h"
#include "train_report.h"

#include "../complaints.h"
#include "../device/simulated.h"
#include "../tensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <unistd.h>

namespace ravine::tools {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

/// Three clouds of points in four dimensions.
Dataset clouds() {
    Dataset data;
    data.name = "clouds";
    data.features = 4;
    data.classes = 3;
    data.crc32 = "00000000";
    std::uint64_t seed = 1;
    const auto fill = [&](Examples& part, std::int32_t rows) {
        for (std::int32_t row = 0; row < rows; ++row) {
            const std::vector<double> noise = testing::numbers_of(testing::random_tensor({4}, DType::f64, seed++));
            for (std::size_t i = 0; i < 4; ++i) part.features.push_back(noise[i] + (static_cast<int>(i) == row % 3 ? 2 : 0));
            part.labels.push_back(row % 3);
        }
    };
    fill(data.train, 50);
    fill(data.test, 12);
    return data;
}

TrainSettings settings_for(DType dtype) {
    TrainSettings settings;
    settings.hidden = {8, 5};
    settings.dtype = dtype;
    settings.ema = 0.9;
    settings.epochs = 3;
    settings.scheduler = "StepLR";
    settings.scheduler_options.set("step_size", 1);
    if (item_size(dtype) == 2) settings.implementation = optim::Implementation::fused;
    return settings;
}

struct Training {
    explicit Training(DType dtype) : data(clouds(), dtype), settings(settings_for(dtype)) {}
    std::unique_ptr<TrainRun> run(Device device) {
        return std::make_unique<TrainRun>(settings, data, std::nullopt, device, Context{.executor = &serial});
    }

    SerialExecutor serial;
    TrainData data;
    TrainSettings settings;
};

void train(TrainRun& run, int epochs) {
    for (int epoch = 0; epoch < epochs; ++epoch) run.train_epoch([](std::int64_t) {});
}

void check_alike(const EpochRecord& a, const EpochRecord& b, double tolerance) {
    CHECK(a.train.loss == doctest::Approx(b.train.loss).epsilon(tolerance));
    CHECK(a.test.loss == doctest::Approx(b.test.loss).epsilon(tolerance));
    CHECK(std::fabs(a.train.accuracy - b.train.accuracy) < 0.05);
    CHECK(a.averaged.has_value());
    CHECK(a.lr == b.lr);
}

/// The bytes that --save writes.
std::string saved(const TrainRun& run, const std::string& path) {
    save_run(run, path);
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A file that goes with the object.
struct Place {
    std::string path = (std::filesystem::temp_directory_path() / ("ravine-device-" + std::to_string(getpid()) + ".safetensors")).string();
    ~Place() { std::filesystem::remove(path); }
};

BenchRequest request_for(std::vector<std::string> optimizers) {
    BenchRequest request;
    request.cases = {{"tiny", {{100}, {7, 3}, {1}}}};
    for (std::string& name : optimizers) request.optimizers.push_back({std::move(name), {}, Json::object()});
    request.dtypes = {DType::f32, DType::bf16};
    request.implementations = {optim::Implementation::foreach, optim::Implementation::fused};
    request.threads = {1};
    request.device = gpu;
    request.seconds = 0.01;
    return request;
}

}  // namespace

TEST_CASE("a network trained on a device does as on the CPU") {
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
        CAPTURE(std::string(name(dtype)));
        const double tolerance = dtype == DType::f64 ? 1e-9 : dtype == DType::f32 ? 1e-4 : 0.1;
        Training training(dtype);
        const auto here = training.run({}), there = training.run(gpu);
        CHECK(there->device() == gpu);
        train(*here, 3);
        train(*there, 3);
        for (std::size_t epoch = 0; epoch < 3; ++epoch) check_alike(there->history()[epoch], here->history()[epoch], tolerance);
        CHECK(there->history()[2].train.loss < there->history()[0].train.loss);
    }
}

TEST_CASE("a training goes on from the same file on a device and on the CPU") {
    Training training(DType::f64);
    const Place place;
    const auto whole = training.run({}), device = training.run(gpu);
    train(*whole, 3);
    train(*device, 2);
    const std::string bytes = saved(*device, place.path);
    const TrainCheckpoint checkpoint(place.path, {});
    for (const Device next : {Device{}, gpu, Device{DeviceType::cuda, 1}}) {
        CAPTURE(name(next));
        const auto resumed = training.run(next);
        checkpoint.restore(*resumed);
        CHECK(resumed->epoch() == 2);
        CHECK(saved(*resumed, place.path) == bytes);
        train(*resumed, 1);
        check_alike(resumed->history()[2], whole->history()[2], 1e-9);
    }
}

TEST_CASE("reports of a training name the device") {
    Training training(DType::f32);
    TrainRuns runs;
    runs.push_back(training.run(gpu));
    train(*runs[0], 1);
    CHECK(testing::contains(train_heading(*runs[0]), "cuda:0 (simulated device 0)"));
    CHECK(Json::parse(train_json(runs, optim::Implementation::automatic, 1)).at("device") == "cuda:0");
}

TEST_CASE("a device is measured, beside copies of as many bytes") {
    const BenchRequest request = request_for({"AdamW", "SGD"});
    const std::vector<BenchResult> results = run_bench(request, nullptr);
    CHECK(results.size() == 8);
    for (const BenchResult& result : results) {
        const std::int64_t slots = result.optimizer->name == "AdamW" ? 4 : 2;
        CHECK(result.bytes == 122 * static_cast<std::int64_t>(item_size(result.dtype)) * (2 * slots - 1));
        CHECK(result.rounds >= 3);
        CHECK(result.ceiling > 0);
        CHECK(result.host.has_value());
        CHECK(*result.host > 0);
        CHECK(*result.host <= result.p90);
    }
    std::istringstream lines(bench_json(results));
    for (std::string line; std::getline(lines, line);) {
        const Json object = Json::parse(line);
        CHECK(object.at("device") == "cuda:0");
        CHECK(object.at("device_name") == "simulated device 0");
        CHECK(object.at("host_ms").is_number());
    }
    CHECK(testing::contains(bench_table(results), "host"));
}

TEST_CASE("what does not fit into a device's memory is not measured") {
    simulated::set_memory(simulated::used_memory() + 4000);
    const BenchRequest request = request_for({"AdamW"});
    const std::string text = testing::message_of<std::runtime_error>([&] { (void)run_bench(request, nullptr); });
    simulated::set_memory(std::size_t{1} << 30);
    CHECK(testing::contains(text, "bench: everything up to tiny AdamW f32 must fit into free memory of cuda:0, got "));
}

TEST_CASE("all memory of trainings and measurements is given back") {
    CHECK(simulated::used_memory() == 0);
}

}  // namespace ravine::tools
