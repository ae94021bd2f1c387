// Averages by functions of one's own: an exponential average whose decay grows, and averages of buffers.
#include <ravine/ravine.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace rv = ravine;

int main() {
    // A model with a weight, and two buffers as a batch norm has them.
    std::vector<float> weight(1000, 0.0F), mean(1000, 0.0F);
    std::int64_t batches = 0;
    const rv::Parameters model = {rv::Parameter("weight", rv::borrow(weight.data(), {weight.size()}))};
    const rv::swa::Buffers buffers = {{"norm.running_mean", rv::borrow(mean.data(), {mean.size()})},
                                      {"norm.num_batches_tracked", rv::borrow(&batches, {})}};

    // Torch's functions, in one pass over all tensors. With use_buffers the running mean is averaged too, and so is the counter,
    // which says little afterwards: an average of integers loses its fraction at every update.
    rv::swa::AveragedModel everything(model, {.multi_avg_fn = rv::swa::get_ema_multi_avg_fn(0.9), .use_buffers = true, .buffers = buffers});

    // One's own, tensor by tensor: returns the new average. Without use_buffers the buffers are the latest model's.
    const auto tenth = [](const rv::Tensor& averaged, const rv::Tensor& current, std::int64_t) {
        return rv::foreach::lerp({&averaged, 1}, {&current, 1}, 0.1)[0];
    };
    rv::swa::AveragedModel by_tensor(model, {.avg_fn = tenth, .buffers = buffers});

    // Or list by list, in place: early models are forgotten sooner. Averages in double, whatever the model has.
    const auto growing = [](std::span<const rv::Tensor> averaged, std::span<const rv::Tensor> current, std::int64_t n) {
        const double decay = std::min(0.99, (1.0 + static_cast<double>(n)) / (10.0 + static_cast<double>(n)));
        rv::foreach::lerp_(averaged, current, 1 - decay);
    };
    rv::swa::AveragedModel by_list(model, {.multi_avg_fn = growing, .buffers = buffers, .dtype = rv::DType::f64});

    for (int step = 1; step <= 100; ++step) {
        std::fill(weight.begin(), weight.end(), static_cast<float>(step));
        std::fill(mean.begin(), mean.end(), static_cast<float>(-step));
        ++batches;
        for (rv::swa::AveragedModel* average : {&everything, &by_tensor, &by_list}) average->update_parameters(model, buffers);
    }
    const double a = everything.parameters()[0].data().span<const float>()[0], b = by_tensor.parameters()[0].data().span<const float>()[0];
    const double c = by_list.parameters()[0].data().span<const double>()[0];
    const double average_mean = everything.buffers()[0].data.span<const float>()[0], latest_mean = by_tensor.buffers()[0].data.span<const float>()[0];
    std::printf("the last weight is 100, its averages %g, %g and %g\n", a, b, c);
    std::printf("the last mean is -100, its average %g, its copy %g; the count of 100 has become %g\n", average_mean, latest_mean,
                everything.buffers()[1].data.item());
    return a == b && a > 90 && a < 92 && c > a - 30 && c < a && average_mean == -a && latest_mean == -100 ? 0 : 1;
}
