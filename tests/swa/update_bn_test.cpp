#include "complaints.h"
#include "tensors.h"

#include <ravine/swa/update_bn.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace ravine::testing {

namespace {

/// A batch norm of one feature, as torch keeps its statistics.
struct Norm {
    float mean = 5, variance = 7;
    std::int64_t batches = 9;
    std::optional<double> share = 0.1;
    bool is_training = true, is_lazy = false;

    void reset_running_stats() {
        if (is_lazy) throw std::invalid_argument("the norm must have seen data");
        mean = 0, variance = 1, batches = 0;
    }
    std::optional<double> momentum() const { return share; }
    void set_momentum(std::optional<double> momentum) { share = momentum; }

    void forward(std::span<const float> x) {
        if (!is_training) return;
        float sum = 0, squares = 0;
        for (const float value : x) sum += value;
        const float average = sum / static_cast<float>(x.size());
        for (const float value : x) squares += (value - average) * (value - average);
        ++batches;
        const auto factor = static_cast<float>(share.value_or(1.0 / static_cast<double>(batches)));
        mean = (1 - factor) * mean + factor * average;
        variance = (1 - factor) * variance + factor * (squares / static_cast<float>(x.size() - 1));
    }
};

/// Norms one after another, each over what the weight makes of the input.
struct NormedNet {
    std::vector<Norm> norms = std::vector<Norm>(1);
    float weight = 1;
    bool is_training = true;
    int runs = 0;

    std::vector<Norm>& norm_layers() { return norms; }
    bool training() const { return is_training; }
    void train(bool mode) {
        is_training = mode;
        for (Norm& norm : norms) norm.is_training = mode;
    }
    void forward(std::vector<float> batch) {
        if (batch.empty()) throw std::runtime_error("an empty batch");
        ++runs;
        for (float& value : batch) value *= weight;
        for (Norm& norm : norms) norm.forward(batch);
    }
};

using Batches = std::vector<std::vector<float>>;
const Batches three_batches = {{1, 3}, {10, 20, 30}, {5, 7}};

/// The same, of layers that are held by pointers.
struct NetOfPointers : NormedNet {
    std::vector<std::unique_ptr<Norm>> held;
    const std::vector<std::unique_ptr<Norm>>& norm_layers() const { return held; }
    void forward(const std::vector<float>& batch) { held[0]->forward(batch); }
};

/// Takes tensors, and counts those on a device that it was asked for.
struct TensorNet : NormedNet {
    Device seen;
    void forward(const Tensor& batch) {
        seen = batch.device();
        const auto values = batch.span<const float>();
        NormedNet::forward({values.begin(), values.end()});
    }
};

}  // namespace

TEST_CASE("the statistics become the average of the batches', whatever their sizes") {
    NormedNet net;
    swa::update_bn(three_batches, net);
    CHECK(net.norms[0].mean == 9.333333F);       // torch's; the mean of the samples is 10.857
    CHECK(net.norms[0].variance == 34.666664F);  // torch's
    CHECK(net.norms[0].batches == 3);
    CHECK(net.norms[0].share == 0.1);
    CHECK(net.runs == 3);
    net.weight = 2;
    swa::update_bn(three_batches, net);  // what was there before does not count
    CHECK(net.norms[0].mean == 2 * 9.333333F);
    CHECK(net.norms[0].batches == 3);
}

TEST_CASE("momentum and mode are given back, the mode to every layer") {
    for (const bool training : {true, false}) {
        NormedNet net;
        net.norms.resize(3);
        net.norms[0].share = 0.3;
        net.norms[1].share = std::nullopt;
        net.train(training);
        net.norms[2].is_training = !training;  // frozen, or thawed, on purpose: lost, as in torch
        swa::update_bn(three_batches, net);
        CHECK(net.norms[0].share == 0.3);
        CHECK_FALSE(net.norms[1].share.has_value());
        CHECK(net.norms[2].share == 0.1);
        for (const Norm& norm : net.norms) {
            CHECK(norm.batches == 3);
            CHECK(norm.is_training == training);
        }
        CHECK(net.is_training == training);
    }
}

TEST_CASE("a model without norm layers is neither run nor changed") {
    NormedNet net;
    net.norms.clear();
    net.is_training = false;
    swa::update_bn(three_batches, net);
    CHECK(net.runs == 0);
    CHECK_FALSE(net.is_training);
}

TEST_CASE("without batches the statistics are those of a new layer") {
    NormedNet net;
    swa::update_bn(Batches{}, net);
    CHECK(net.norms[0].mean == 0);
    CHECK(net.norms[0].variance == 1);
    CHECK(net.norms[0].share == 0.1);
}

TEST_CASE("momentum and mode are given back after an exception, too") {
    NormedNet net;
    net.train(false);
    CHECK(message_of<std::runtime_error>([&] { swa::update_bn(Batches{{1, 3}, {}, {5, 7}}, net); }) == "an empty batch");
    CHECK(net.norms[0].share == 0.1);
    CHECK_FALSE(net.is_training);
    CHECK_FALSE(net.norms[0].is_training);
    CHECK(net.norms[0].mean == 2);
    CHECK(net.norms[0].batches == 1);
}

TEST_CASE("a layer that has seen no data yet is refused before momentum and mode change") {
    NormedNet net;
    net.norms.resize(2);
    net.norms[1].is_lazy = true;
    net.train(false);
    CHECK(complaint([&] { swa::update_bn(three_batches, net); }) == "the norm must have seen data");
    CHECK(net.runs == 0);
    CHECK(net.norms[0].share == 0.1);
    CHECK_FALSE(net.is_training);
}

TEST_CASE("of a pair, a tuple or an array the model gets the first element") {
    NormedNet of_pairs, of_tuples, of_arrays;
    std::vector<std::pair<std::vector<float>, int>> pairs;
    std::vector<std::tuple<std::vector<float>, int, std::string>> tuples;
    std::vector<std::array<std::vector<float>, 2>> arrays;
    for (const std::vector<float>& batch : three_batches) {
        pairs.emplace_back(batch, 1);
        tuples.emplace_back(batch, 1, "label");
        arrays.push_back({batch, {}});
    }
    swa::update_bn(pairs, of_pairs);
    swa::update_bn(tuples, of_tuples);
    swa::update_bn(arrays, of_arrays);
    for (const NormedNet* net : {&of_pairs, &of_tuples, &of_arrays}) CHECK(net->norms[0].mean == 9.333333F);
}

TEST_CASE("layers may be held by pointers") {
    NetOfPointers net;
    net.held.push_back(std::make_unique<Norm>());
    swa::update_bn(three_batches, net);
    CHECK(net.held[0]->mean == 9.333333F);
    CHECK(net.held[0]->share == 0.1);
}

TEST_CASE("batches go to the device first") {
    TensorNet net;
    const std::vector<Tensor> batches = {tensor_of({1, 3}), tensor_of({10, 20, 30}), tensor_of({5, 7})};
    swa::update_bn(batches, net, Device{});
    CHECK(net.norms[0].mean == 9.333333F);
    CHECK(net.seen == Device{});
}

}  // namespace ravine::testing
