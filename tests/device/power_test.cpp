// Powers that are left to the machine's library: the CPU's bits where the device is the host, next to them elsewhere.
#include "places.h"

#include <ravine/runtime/foreach.h>

#include <cmath>

namespace ravine::testing {
namespace {

using foreach::Tensors;

/// CUDA's `pow` in double is within two units of the last place; rounded to fewer bits, one remains.
std::int64_t most_ulps(DType dtype) {
    if (cuda_device_name(0).starts_with("simulated")) return 0;
    return dtype == DType::f64 ? 2 : 1;
}

/// The place of a number among all numbers of its dtype.
std::int64_t rank(const std::byte* at, DType dtype) {
    const std::size_t item = item_size(dtype);
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, item);
    const std::uint64_t sign = std::uint64_t{1} << (8 * item - 1);
    const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
    return bits & sign ? -magnitude : magnitude;
}

std::int64_t ulps_apart(const Tensor& a, const Tensor& b) {
    const Tensor left = a.to(Device{}), right = b.to(Device{});
    const std::vector<double> left_numbers = numbers_of(left), right_numbers = numbers_of(right);
    std::int64_t most = 0;
    for (std::size_t i = 0; i < left_numbers.size(); ++i) {
        if (std::isnan(left_numbers[i]) && std::isnan(right_numbers[i])) continue;
        const auto rank_in = [&](const Tensor& tensor) { return rank(static_cast<const std::byte*>(tensor.data()) + i * item_size(tensor.dtype()), tensor.dtype()); };
        most = std::max(most, std::abs(rank_in(left) - rank_in(right)));
    }
    return most;
}

void check_close(const Tensors& there, const Tensors& here) {
    REQUIRE(there.size() == here.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
        CAPTURE(i);
        CHECK(there[i].device() == gpu);
        CHECK(ulps_apart(there[i], here[i]) <= most_ulps(here[i].dtype()));
    }
}

constexpr double special[] = {0, -0.0, 1, -1, 2, -2, 0.5, 3, -3, 7, 1e-5, 300, INFINITY, -INFINITY, NAN};

/// Random numbers, and every pair of special ones.
struct Lists {
    Tensors bases, exponents;
    explicit Lists(DType dtype) {
        for (const Shape& shape : {Shape{}, Shape{0}, Shape{7}, Shape{40, 33}}) {
            bases.push_back(random_tensor(shape, dtype, bases.size() + 1));
            exponents.push_back(random_tensor(shape, dtype, bases.size() + 10));
        }
        std::vector<double> left, right;
        for (const double a : special) {
            for (const double b : special) {
                left.push_back(a);
                right.push_back(b);
            }
        }
        bases.push_back(tensor_of(left, dtype));
        exponents.push_back(tensor_of(right, dtype));
    }
};

Tensors placed(const Tensors& list, std::size_t salt) {
    Tensors result;
    for (std::size_t i = 0; i < list.size(); ++i) result.push_back(place(list[i], every_layout[(i + salt) % 4]));
    return result;
}

}  // namespace

TEST_CASE("general powers on a device: of tensors by scalars, by tensors, and of a scalar by tensors") {
    for (const DType dtype : every_type) {
        CAPTURE(std::string(name(dtype)));
        const Lists lists(dtype);
        const Tensors bases = placed(lists.bases, 0), exponents = placed(lists.exponents, 1);
        check_close(foreach::pow(bases, exponents), foreach::pow(lists.bases, lists.exponents));
        for (const double scalar : special) {
            CAPTURE(scalar);
            check_close(foreach::pow(bases, scalar), foreach::pow(lists.bases, scalar));
            check_close(foreach::pow(scalar, exponents), foreach::pow(scalar, lists.exponents));
        }
        const std::vector<double> list = {2, 1.5, 0, -0.3001, 0.5};
        check_close(foreach::pow(bases, list), foreach::pow(lists.bases, list));
        foreach::pow_(bases, 1.5);
        foreach::pow_(lists.bases, 1.5);
        check_close(bases, lists.bases);
    }
}

TEST_CASE("a power of 0, and of the base 1, is 1 even for a signalling NaN") {
    const std::vector<std::uint32_t> bits = {0x7f800001, 0xff800001, 0x7fc00000};
    const Tensor nans = borrow(static_cast<const void*>(bits.data()), DType::f32, {3}).to(gpu);
    CHECK(numbers_of(foreach::pow(Tensors{nans}, 0)[0].to(Device{})) == std::vector<double>{1, 1, 1});
    CHECK(numbers_of(foreach::pow(1.0, Tensors{nans})[0].to(Device{})) == std::vector<double>{1, 1, 1});
}

}  // namespace ravine::testing
