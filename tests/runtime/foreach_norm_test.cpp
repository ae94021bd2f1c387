#include "foreach_harness.h"

#include "../tensors.h"

namespace ravine::testing {
namespace {

/// The sum of f(x) in the order that norm promises: blocks of 4096 with 16 running sums, everything else pairwise.
double pairwise(std::vector<double> values) {
    if (values.empty()) return 0;
    while (values.size() > 1) {
        const std::size_t half = (values.size() + 1) / 2;
        for (std::size_t i = 0; i + half < values.size(); ++i) values[i] += values[i + half];
        values.resize(half);
    }
    return values[0];
}
double tree_sum(const std::vector<double>& values) {
    std::vector<double> blocks;
    for (std::size_t begin = 0; begin < values.size(); begin += 4096) {
        std::vector<double> sums(16);
        for (std::size_t i = begin; i < std::min(values.size(), begin + 4096); ++i) sums[(i - begin) % 16] += values[i];
        blocks.push_back(pairwise(sums));
    }
    return pairwise(blocks);
}

}  // namespace

TEST_CASE("a norm is summed in the documented tree, for every dtype and layout") {
    const auto check = []<class T>(T) {
        const TensorList<T> list(1, false);
        const std::vector<double> ones = foreach::norms(list.tensors, 1), twos = foreach::norms(list.tensors, 2);
        const Tensors rounded = foreach::norm(list.tensors);
        for (std::size_t i = 0; i < list.elements.size(); ++i) {
            CAPTURE(i);
            std::vector<double> magnitudes, squares;
            for (const T element : list.elements[i]) {
                const double value = static_cast<double>(decode(element));
                magnitudes.push_back(std::fabs(value));
                squares.push_back(value * value);
            }
            CHECK(ones[i] == tree_sum(magnitudes));
            CHECK(twos[i] == std::sqrt(tree_sum(squares)));
            CHECK(rounded[i].dtype() == dtype_of<T>::value);
            CHECK(rounded[i].dim() == 0);
            CHECK(same(elements_of<T>(rounded[i])[0], encode<T>(static_cast<Compute<T>>(twos[i]))));
            if (magnitudes.empty()) continue;
            CHECK(foreach::norms(Tensors{list.tensors[i]}, INFINITY)[0] == *std::max_element(magnitudes.begin(), magnitudes.end()));
        }
    };
    for_each_storage(check);
}

TEST_CASE("norms of known vectors") {
    const Tensors list = {tensor_of({3, -4}), tensor_of({}, DType::f32), scalar_tensor(-2, DType::f64)};
    CHECK(foreach::norms(list) == std::vector<double>{5, 0, 2});
    CHECK(foreach::norms(list, 1) == std::vector<double>{7, 0, 2});
    CHECK(foreach::norms(Tensors{list[0], list[2]}, INFINITY) == std::vector<double>{4, 2});
    CHECK(contains(message_of<std::invalid_argument>([&] { foreach::norm(list, INFINITY); }), "must have elements for order inf, got shape (0,) (tensor 1)"));
}

TEST_CASE("large float32 numbers do not overflow on the way, and NaN is not lost") {
    CHECK(foreach::norm(Tensors{tensor_of({3e30, 4e30})})[0].item() == static_cast<double>(5e30f));
    for (const double order : {1.0, 2.0, static_cast<double>(INFINITY)}) {
        CAPTURE(order);
        for (std::size_t at = 0; at < 40; ++at) {
            std::vector<double> numbers(40, 1);
            numbers[at] = NAN;
            CHECK(std::isnan(foreach::norms(Tensors{tensor_of(numbers)}, order)[0]));
            numbers[at] = -INFINITY;
            CHECK(foreach::norms(Tensors{tensor_of(numbers)}, order)[0] == INFINITY);
        }
    }
}

}  // namespace ravine::testing
