// Averaging weights: with noisy gradients the mean of many models lies closer to the minimum than any of them.
#include <ravine/ravine.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

namespace rv = ravine;

namespace {

/// The distance from the minimum of this example's loss, where every element is 1.
double distance(std::span<const float> x) {
    double sum = 0;
    for (const float value : x) sum += (static_cast<double>(value) - 1) * (static_cast<double>(value) - 1);
    return std::sqrt(sum);
}

}  // namespace

int main() {
    std::vector<float> x(100, 5.0F), gradient(100);
    const rv::Parameters model = {rv::Parameter("x", x.data(), gradient.data(), {100})};
    rv::optim::SGD optimizer(model, {.lr = 0.2});

    // Each has a copy of the model, which it averages into. The first weighs all models alike (stochastic weight averaging), the other
    // forgets: the share of the old average that an update keeps is 0.95.
    rv::swa::AveragedModel mean(model), moving(model, rv::swa::ema(0.95));

    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        for (std::size_t k = 0; k < x.size(); ++k) {
            const float noise = static_cast<float>(random() >> 8) / 8388608.0F - 1;  // between -1 and 1
            gradient[k] = x[k] - 1 + noise;
        }
        optimizer.step();
        moving.update_parameters(model);
        if (i >= 100) mean.update_parameters(model);  // not the way there, only what comes after it
    }

    // The averages are parameters too, under the model's names: to evaluate with, or to save by state_dict().
    const auto averaged = [](const rv::swa::AveragedModel& average) { return average.parameters()[0].data().span<const float>(); };
    const double model_off = distance(x), moving_off = distance(averaged(moving)), mean_off = distance(averaged(mean));
    std::printf("distance from the minimum: the model %g, its moving average %g, the mean of %lld %g\n", model_off, moving_off,
                static_cast<long long>(mean.n_averaged()), mean_off);
    return mean.n_averaged() == 200 && moving_off < model_off / 2 && mean_off < model_off / 2 ? 0 : 1;
}
