// Batch norms and averaged weights: statistics belong to the weights that they were seen with, so the average needs its own.
#include <ravine/ravine.h>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace rv = ravine;

namespace {

/// A batch norm of one feature, of the host's own: what update_bn asks of it has torch's names.
struct BatchNorm {
    double mean = 0, variance = 1;
    double batches = 0;
    std::optional<double> share = 0.1;
    bool training = true;

    void reset_running_stats() { mean = 0, variance = 1, batches = 0; }
    std::optional<double> momentum() const { return share; }
    void set_momentum(std::optional<double> momentum) { share = momentum; }

    std::vector<double> forward(const std::vector<double>& x) {
        double m = mean, v = variance;
        if (training) {
            m = v = 0;
            for (const double value : x) m += value / static_cast<double>(x.size());
            for (const double value : x) v += (value - m) * (value - m) / static_cast<double>(x.size() - 1);
            const double factor = share.value_or(1 / ++batches);
            mean += factor * (m - mean);
            variance += factor * (v - variance);
        }
        std::vector<double> result;
        for (const double value : x) result.push_back((value - m) / std::sqrt(v));
        return result;
    }
};

/// A layer of two weights and a norm, over rows of two inputs.
struct Model {
    std::span<const float> weight;
    std::vector<BatchNorm> norms = std::vector<BatchNorm>(1);
    bool mode = true;

    std::vector<BatchNorm>& norm_layers() { return norms; }
    bool training() const { return mode; }
    void train(bool on) { mode = norms[0].training = on; }
    std::vector<double> forward(const std::vector<float>& rows) {
        std::vector<double> x;
        for (std::size_t i = 0; i < rows.size(); i += 2) x.push_back(static_cast<double>(weight[0] * rows[i] + weight[1] * rows[i + 1]));
        return norms[0].forward(x);
    }
};

/// How far outputs are from what a norm is for: mean 0, variance 1.
double off(const std::vector<double>& outputs) {
    double mean = 0, square = 0;
    for (const double y : outputs) {
        mean += y / static_cast<double>(outputs.size());
        square += y * y / static_cast<double>(outputs.size());
    }
    return std::fabs(mean) + std::fabs(square - mean * mean - 1);
}

}  // namespace

int main() {
    std::mt19937 random(1);
    const auto noise = [&] { return static_cast<float>(random() >> 8) / 8388608.0F - 1; };  // between -1 and 1
    std::vector<std::vector<float>> loader(20, std::vector<float>(64));
    std::vector<float> all;
    for (std::vector<float>& batch : loader) {
        for (float& x : batch) x = 3 + noise();
        all.insert(all.end(), batch.begin(), batch.end());
    }

    std::vector<float> weight = {5, 1}, gradient(2);
    const rv::Parameters parameters = {rv::Parameter("weight", weight.data(), gradient.data(), {2})};
    rv::optim::SGD optimizer(parameters, {.lr = 0.05});
    rv::swa::AveragedModel average(parameters);
    Model model{weight};
    for (const std::vector<float>& batch : loader) {
        model.forward(batch);  // the norm follows the weights
        for (std::size_t i = 0; i < 2; ++i) gradient[i] = weight[i] - 1 + noise();
        optimizer.step();
        average.update_parameters(parameters);
    }

    // The averaged weights with the statistics of the last ones; then with their own.
    Model averaged{average.parameters()[0].data().span<const float>(), model.norms};
    averaged.train(false);
    const double before = off(averaged.forward(all));
    rv::swa::update_bn(loader, averaged);
    const double after = off(averaged.forward(all));
    std::printf("mean and variance of the averaged model's outputs are off by %g, after update_bn by %g\n", before, after);
    return after < before / 10 && averaged.norms[0].momentum() == 0.1 && !averaged.training() ? 0 : 1;
}
