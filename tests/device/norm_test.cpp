// Norms of device tensors, and clipping by them: made on the device, with the CPU's bits.
#include "places.h"

#include <ravine/optim/clip_grad.h>
#include <ravine/runtime/foreach.h>

#include <cmath>
#include <random>

namespace ravine::testing {
namespace {

using foreach::Tensors;

constexpr double every_order[] = {1, 2, INFINITY};

/// What each machine's NaN looks like is its own.
bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// The list on the device, in every kind of layout.
Tensors placed(const Tensors& list) {
    Tensors result;
    for (std::size_t i = 0; i < list.size(); ++i) result.push_back(place(list[i], every_layout[i % 4]));
    return result;
}

void check_norms(const Tensors& there, const Tensors& here, double order) {
    CAPTURE(order);
    const std::vector<double> values = foreach::norms(there, order), expected = foreach::norms(here, order);
    const Tensors rounded = foreach::norm(there, order), expected_rounded = foreach::norm(here, order);
    REQUIRE(values.size() == expected.size());
    REQUIRE(rounded.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(i);
        CAPTURE(here[i].shape().to_string());
        CHECK(same_number(values[i], expected[i]));
        CHECK(rounded[i].device() == there[i].device());
        CHECK(rounded[i].dtype() == here[i].dtype());
        CHECK(rounded[i].dim() == 0);
        CHECK(same_number(rounded[i].item(), expected_rounded[i].item()));
    }
}

Tensors random_list(const std::vector<Shape>& shapes, DType dtype) {
    Tensors list;
    for (const Shape& shape : shapes) list.push_back(random_tensor(shape, dtype, list.size() + 1));
    return list;
}

/// Around the ends of running sums, blocks and levels of the tree; 20 blocks take two launches of it.
std::vector<Shape> sizes_with_elements() {
    return {{1}, {}, {15}, {16}, {17}, {127}, {128}, {129}, {4095}, {4096}, {4097}, {3, 5, 7}, {64, 129}, {8193}, {65536}, {65537}, {81'921}, {300, 411}};
}

}  // namespace

TEST_CASE("norms on a device are the CPU's for every order, dtype, size and layout") {
    for (const DType dtype : every_type) {
        CAPTURE(std::string(name(dtype)));
        std::vector<Shape> shapes = sizes_with_elements();
        const Tensors full = random_list(shapes, dtype);
        check_norms(placed(full), full, INFINITY);
        for (const std::size_t at : {std::size_t{0}, std::size_t{5}, shapes.size()}) shapes.insert(shapes.begin() + static_cast<std::ptrdiff_t>(at), Shape{0});
        shapes.push_back({3, 0});
        const Tensors list = random_list(shapes, dtype);
        const Tensors there = placed(list);
        check_norms(there, list, 1);
        check_norms(there, list, 2);
    }
}

TEST_CASE("norms on a device sum trees of many levels") {
    const Tensors list = {random_tensor({1'052'673}, DType::f32, 1), random_tensor({7}, DType::f32, 2), random_tensor({1'100'003}, DType::bf16, 3)};
    Tensors there;
    for (const Tensor& tensor : list) there.push_back(tensor.to(gpu));
    for (const double order : every_order) check_norms(there, list, order);
}

TEST_CASE("norms and means over a dimension on a device are the CPU's, for every dtype, length and layout") {
    const std::vector<Shape> shapes = {{1, 1}, {3, 5}, {17, 129}, {2, 3, 4}, {4097, 3}, {3, 4097}, {2, 70'000}, {5, 0, 2}, {5, 2, 0}, {2, 1, 3, 33}};
    for (const DType dtype : every_type) {
        Tensors here = random_list(shapes, dtype);
        here.push_back(tensor_of({1, -INFINITY, std::nan(""), -0.0}, dtype).view({2, 2}));
        const Tensors there = placed(here);
        for (const std::int64_t dim : {0, 1, -1, -2}) {
            for (const auto& over : {foreach::norm_over, foreach::mean_over}) {
                const Tensors results = over(there, dim, {}), expected = over(here, dim, {});
                for (std::size_t i = 0; i < here.size(); ++i) {
                    CAPTURE(here[i].shape().to_string());
                    CAPTURE(dim);
                    REQUIRE(results[i].shape() == expected[i].shape());
                    CHECK(results[i].device() == gpu);
                    const Tensor values = results[i].to(Device{}).to(DType::f64), wanted = expected[i].to(DType::f64);
                    for (std::size_t k = 0; k < wanted.span<double>().size(); ++k) CHECK(same_number(values.span<double>()[k], wanted.span<double>()[k]));
                }
            }
        }
    }
}

TEST_CASE("norms over a dimension of a list that lies here and there are each where its tensor is") {
    const Tensors here = random_list({{30, 2}, {50, 3}, {9, 9}}, DType::f32), mixed = {here[0], here[1].to(gpu), here[2]};
    const Tensors results = foreach::norm_over(mixed, 0), expected = foreach::norm_over(here, 0);
    for (std::size_t i = 0; i < here.size(); ++i) {
        CHECK(results[i].device() == mixed[i].device());
        CHECK(same_bits(results[i], expected[i]));
    }
}

TEST_CASE("norms of random lists on a device, whatever their dtypes") {
    std::mt19937_64 random(7);
    for (int round = 0; round < 10; ++round) {
        Tensors list;
        const std::size_t count = 1 + random() % 200;
        for (std::size_t i = 0; i < count; ++i) {
            const auto size = static_cast<std::int64_t>(std::pow(10'000.0, static_cast<double>(random() >> 11) * 0x1p-53));
            list.push_back(random_tensor({size}, every_type[random() % 4], random()));
        }
        const Tensors there = placed(list);
        for (const double order : every_order) check_norms(there, list, order);
    }
}

TEST_CASE("norms on a device find NaN, infinities and zeros as the CPU does") {
    for (const DType dtype : every_type) {
        Tensors list;
        for (const std::int64_t size : {1, 16, 40, 5000, 70'000}) {
            for (const double value : {std::nan(""), static_cast<double>(INFINITY), -static_cast<double>(INFINITY), -0.0, 0.0}) {
                for (const std::int64_t at : {std::int64_t{0}, size / 2, size - 1}) {
                    std::vector<double> numbers(static_cast<std::size_t>(size), value == 0 ? value : -1);
                    numbers[static_cast<std::size_t>(at)] = value;
                    if (size > 40) numbers[static_cast<std::size_t>(size / 3)] = value == 0 ? value : static_cast<double>(INFINITY);
                    list.push_back(tensor_of(numbers, dtype));
                }
            }
        }
        Tensors there;
        for (const Tensor& tensor : list) there.push_back(tensor.to(gpu));
        for (const double order : every_order) check_norms(there, list, order);
    }
}

TEST_CASE("a list on the CPU and on a device has each norm where its tensor lies") {
    const Tensors here = random_list({{30}, {5000}, {0}, {9}}, DType::f32);
    const Tensors mixed = {here[0], here[1].to(gpu), here[2].to(gpu), here[3]};
    check_norms(mixed, here, 2);
    CHECK(foreach::norms({}).empty());
    CHECK_THROWS_AS((void)foreach::norm(mixed, INFINITY), std::invalid_argument);
    CHECK_THROWS_AS((void)foreach::norm(mixed, 3), std::invalid_argument);
    CHECK_THROWS_AS((void)foreach::norm(Tensors{zeros({3}, DType::i64, gpu)}), std::invalid_argument);
}

TEST_CASE("norms on a stream come after what was given to it") {
    const Stream stream(gpu);
    const Context context{.stream = stream.get()};
    const Tensor here = random_tensor({9000}, DType::f32, 1), there = empty({9000}, DType::f32, gpu, context);
    there.copy_(here, context);
    const Tensors list = {there};
    const Tensors result = foreach::norm(list, 2, context);
    foreach::zero_(list, context);
    CHECK(result[0].item(context) == foreach::norm(Tensors{here})[0].item());
    CHECK(foreach::norms(list, 1, context)[0] == 0);
    stream.synchronize();
}

TEST_CASE("clipping on a device gives the CPU's norm and bits for every order, wherever the gradients lie") {
    for (const double order : every_order) {
        for (const double most : {0.5, 1e6}) {
            Tensors here, there;
            for (std::size_t i = 0; i < 12; ++i) {
                here.push_back(random_tensor({static_cast<std::int64_t>(700 * i + 1)}, every_type[i % 4], i));
                there.push_back(i == 5 ? here[i].clone() : place(here[i], every_layout[i % 4]));
            }
            CHECK(same_bits(optim::clip_grad_norm_(there, most, order), optim::clip_grad_norm_(here, most, order)));
            for (std::size_t i = 0; i < here.size(); ++i) CHECK(same_bits(there[i], here[i]));
        }
    }
}

}  // namespace ravine::testing
