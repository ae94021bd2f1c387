#include "../complaints.h"
#include "../tensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

namespace ravine::testing {
namespace {

template <class T> Tensor one(T value) { return borrow(&value, {}).clone(); }

}  // namespace

TEST_CASE("item reads every real dtype as a double") {
    CHECK(one(-1.5).item() == -1.5);
    CHECK(one(0.1f).item() == static_cast<double>(0.1f));
    CHECK(one(bf16{0x3fc0}).item() == 1.5);
    CHECK(one(f16{0xc000}).item() == -2);
    CHECK(one(std::int64_t{-5}).item() == -5);
    CHECK(one(std::int32_t{-5}).item() == -5);
    CHECK(one(std::int16_t{-5}).item() == -5);
    CHECK(one(std::int8_t{-5}).item() == -5);
    CHECK(one(~std::uint64_t{0}).item() == 0x1p64);
    CHECK(one(~std::uint32_t{0}).item() == 4294967295.0);
    CHECK(one(std::uint16_t{65535}).item() == 65535);
    CHECK(one(std::uint8_t{255}).item() == 255);
    CHECK(one(true).item() == 1);
    CHECK(contains(message_of<std::invalid_argument>([] { (void)zeros({}, DType::c64).item(); }), "must be a real number, got complex64"));
}

TEST_CASE("8-bit floating-point numbers have their values in every larger dtype, and none is made of a larger number") {
    const auto values = [](DType dtype, std::vector<std::uint8_t> bytes) {
        const Tensor tensor = borrow(static_cast<void*>(bytes.data()), dtype, {static_cast<std::int64_t>(bytes.size())});
        CHECK(numbers_of(tensor.to(DType::f32)) == numbers_of(tensor.to(DType::f64)));
        CHECK(numbers_of(tensor.to(DType::bf16)) == numbers_of(tensor.to(DType::f64)));
        return numbers_of(tensor.to(DType::f64));
    };
    const auto is_nan = [](DType dtype, std::uint8_t byte) { return std::isnan(borrow(static_cast<void*>(&byte), dtype, {}).clone().item()); };
    CHECK(values(DType::f8_e4m3fn, {0, 1, 7, 8, 0x38, 0xb9, 0x7e, 0xfe}) == std::vector<double>{0, 0x1p-9, 0x7p-9, 0x1p-6, 1, -1.125, 448, -448});
    CHECK(values(DType::f8_e5m2, {0, 1, 3, 4, 0x3c, 0xbd, 0x7b, 0xfc}) == std::vector<double>{0, 0x1p-16, 0x3p-16, 0x1p-14, 1, -1.25, 57344, -INFINITY});
    CHECK(values(DType::f8_e4m3fnuz, {0, 1, 7, 8, 0x40, 0xc1, 0x7f, 0xff}) == std::vector<double>{0, 0x1p-10, 0x7p-10, 0x1p-7, 1, -1.125, 240, -240});
    CHECK(values(DType::f8_e5m2fnuz, {0, 1, 3, 4, 0x40, 0xc1, 0x7f, 0xff}) == std::vector<double>{0, 0x1p-17, 0x3p-17, 0x1p-15, 1, -1.25, 57344, -57344});
    CHECK(values(DType::f8_e8m0fnu, {0, 1, 127, 254}) == std::vector<double>{0x1p-127, 0x1p-126, 1, 0x1p127});
    CHECK(std::signbit(values(DType::f8_e4m3fn, {0x80})[0]));
    for (const auto& [dtype, byte] : {std::pair(DType::f8_e4m3fn, 0x7f), {DType::f8_e4m3fn, 0xff}, {DType::f8_e5m2, 0x7d}, {DType::f8_e5m2, 0xff}, {DType::f8_e4m3fnuz, 0x80},
                                      {DType::f8_e5m2fnuz, 0x80}, {DType::f8_e8m0fnu, 0xff}}) {
        CHECK(is_nan(dtype, static_cast<std::uint8_t>(byte)));
    }
    CHECK(contains(message_of<std::invalid_argument>([] { (void)zeros({1}, DType::f32).to(DType::f8_e5m2); }), "got float8_e5m2 from float32"));
}

TEST_CASE("conversions round to nearest even and overflow to infinity") {
    const std::vector<double> numbers = {1.00390625, 1.01171875, 1e-8, 65519, 65520, -1e39, 0.1, -0.0};
    CHECK(numbers_of(tensor_of(numbers, DType::f64)) == numbers);
    CHECK(numbers_of(tensor_of(numbers, DType::f32)) ==
          std::vector<double>{1.00390625, 1.01171875, static_cast<double>(1e-8f), 65519, 65520, -INFINITY, static_cast<double>(0.1f), -0.0});
    CHECK(numbers_of(tensor_of(numbers, DType::bf16)) == std::vector<double>{1, 1.015625, 0x1.58p-27, 65536, 65536, -INFINITY, 0x1.9ap-4, -0.0});
    CHECK(numbers_of(tensor_of(numbers, DType::f16)) == std::vector<double>{1.00390625, 1.01171875, 0, 65504, INFINITY, -INFINITY, 0x1.998p-4, -0.0});
}

TEST_CASE("a double becomes bf16 by way of float, as in torch: two roundings") {
    CHECK(numbers_of(tensor_of({1 + 0x1p-8 + 0x1p-40}, DType::bf16)) == std::vector<double>{1});
}

TEST_CASE("integers and booleans convert, from any layout, into new row-major memory") {
    const std::int32_t memory[6] = {1, 2, 3, 4, 5, 6};
    const Tensor columns = borrow(memory, {2, 3}, {.strides = {1, 2}});
    const Tensor wide = columns.to(DType::f64);
    CHECK(wide.is_contiguous());
    CHECK(numbers_of(wide) == std::vector<double>{1, 3, 5, 2, 4, 6});
    const Tensor same = wide.to(DType::f64);
    CHECK(same.data() != wide.data());
    const bool flags[2] = {true, false};
    CHECK(numbers_of(borrow(flags, {2}).to(DType::bf16)) == std::vector<double>{1, 0});
}

TEST_CASE("what is no number, or would lose its fraction, is refused") {
    const auto complaint = [](DType from, DType to) { return message_of<std::invalid_argument>([=] { (void)zeros({1}, from).to(to); }); };
    CHECK(contains(complaint(DType::c64, DType::f32), "Tensor.to: dtype must be float64, float32, bfloat16 or float16"));
    CHECK(contains(complaint(DType::f32, DType::i64), "got int64 from float32"));
}

}  // namespace ravine::testing
