// Learning-rate schedules: one in the loop, two on one optimizer, a warm-up before another, and one that waits for a metric.
#include <ravine/ravine.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace rv = ravine;

namespace {

bool is_close(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); }

}  // namespace

int main() {
    std::vector<float> x(8, 1.0F), gradient(8);
    const rv::Parameter parameter("x", x.data(), gradient.data(), {8});
    const auto backward = [&] { gradient = x; };  // of half the squared length of x

    // A scheduler takes the lr of each group as its base, and writes into the groups. It is stepped after the optimizer, once an
    // epoch. With a step_size of 1 the lr decays exponentially.
    rv::optim::SGD optimizer({parameter}, {.lr = 0.1, .momentum = 0.9});
    rv::sched::StepLR decay(optimizer, {.step_size = 1, .gamma = 0.9});
    for (int epoch = 0; epoch < 20; ++epoch) {
        for (int batch = 0; batch < 5; ++batch) {
            backward();
            optimizer.step();
        }
        decay.step();
    }
    const double lr = optimizer.param_groups()[0].options.lr;
    std::printf("after %lld epochs: lr %g, x[0] %g\n", static_cast<long long>(decay.last_epoch()), lr, static_cast<double>(x[0]));
    bool right = is_close(lr, 0.1 * std::pow(0.9, 20)) && decay.get_last_lr()[0] == lr && std::abs(x[0]) < 0.1F;

    // Several on one optimizer, stepped one after the other: each changes what it finds, so that their factors multiply.
    rv::optim::SGD other({parameter}, {.lr = 0.1});
    rv::sched::CosineAnnealingLR cosine(other, {.T_max = 40});
    rv::sched::StepLR halve(other, {.step_size = 15, .gamma = 0.5});
    for (int epoch = 1; epoch <= 20; ++epoch) {
        backward();
        other.step();
        cosine.step();
        halve.step();
        if (epoch % 5 == 0) std::printf("epoch %2d: lr %g\n", epoch, other.param_groups()[0].options.lr);
    }
    // Half of the cosine's way is half of the lr; the other scheduler has halved it once.
    right = right && is_close(other.param_groups()[0].options.lr, 0.1 / 2 / 2);

    // The same as one object, that a state dict holds whole.
    rv::optim::SGD third({parameter}, {.lr = 0.1});
    const rv::sched::ExponentialLR shrink(third, {.gamma = 0.9});
    const rv::sched::MultiStepLR drop(third, {.milestones = {5, 8}});
    rv::sched::ChainedScheduler chain({shrink, drop});
    for (int epoch = 0; epoch < 10; ++epoch) {
        backward();
        third.step();
        chain.step();
    }
    right = right && is_close(chain.get_last_lr()[0], 0.1 * std::pow(0.9, 10) * 0.01);

    // One after another: the second starts from the optimizer's lr when its turn comes.
    rv::optim::SGD fourth({parameter}, {.lr = 0.1});
    const rv::sched::LinearLR warm_up(fourth, {.start_factor = 0.1, .total_iters = 10});
    rv::sched::SequentialLR sequence(fourth, {warm_up, rv::sched::ExponentialLR(fourth, {.gamma = 0.9})}, {.milestones = {10}});
    std::printf("the first step has lr %g, the tenth %g, the twelfth %g\n", sequence.lr(0)[0], sequence.lr(10)[0], sequence.lr(12)[0]);
    right = right && is_close(sequence.lr(12)[0], 0.1 * 0.9 * 0.9);

    // And one that lowers the lr when a metric of the user's gets no better for more than two epochs.
    rv::sched::ReduceLROnPlateau plateau(third, {.factor = 0.5, .patience = 2});
    const double before = third.param_groups()[0].options.lr;
    for (const double validation_loss : {0.9, 0.7, 0.7, 0.71, 0.7}) plateau.step(validation_loss);
    right = right && third.param_groups()[0].options.lr == before / 2;
    return right ? 0 : 1;
}
