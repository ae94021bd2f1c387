// The optimization step: a line is fitted to points, with the gradient written by hand.
#include <ravine/ravine.h>

#include <cstdio>
#include <vector>

namespace rv = ravine;

namespace {

struct Point {
    float x, y;
};

/// The mean squared error of the line at one batch of points. Adds its gradient to what is there, as a backward pass does.
float backward(const Point* points, int count, const std::vector<float>& line, std::vector<float>& gradient) {
    float loss = 0;
    for (int i = 0; i < count; ++i) {
        const float error = line[0] * points[i].x + line[1] - points[i].y;
        loss += error * error / static_cast<float>(count);
        gradient[0] += 2 * error * points[i].x / static_cast<float>(count);
        gradient[1] += 2 * error / static_cast<float>(count);
    }
    return loss;
}

}  // namespace

int main() {
    std::vector<Point> data;
    for (int i = 0; i < 32; ++i) {
        const float x = static_cast<float>((i * 13) % 32) / 32;
        data.push_back({x, 2 * x - 1});
    }

    std::vector<float> line = {0, 0}, gradient = {0, 0};
    rv::optim::SGD optimizer({rv::Parameter("line", line.data(), gradient.data(), {2})}, {.lr = 0.1, .momentum = 0.9});

    // For every batch: forget the old gradient, write the new one, step. zero_grad() writes zeros into your memory; it is not
    // needed where a backward pass overwrites. A parameter whose gradient is absent is passed over by a step.
    float first = 0, last = 0;
    for (int epoch = 0; epoch < 40; ++epoch) {
        last = 0;
        for (std::size_t batch = 0; batch < 4; ++batch) {
            optimizer.zero_grad();
            last += backward(&data[batch * 8], 8, line, gradient) / 4;
            optimizer.step();
        }
        if (epoch == 0) first = last;
        if (epoch % 10 == 0) std::printf("epoch %2d: loss %g\n", epoch, static_cast<double>(last));
    }
    std::printf("line: %g x %+g, loss %g\n", static_cast<double>(line[0]), static_cast<double>(line[1]), static_cast<double>(last));
    return last < first / 1000 ? 0 : 1;
}
