// How the work of a list is divided among blocks and threads: every element once, from no tensor at all to thousands.
#include "places.h"

#include <ravine/runtime/foreach.h>

#include <cmath>
#include <random>

namespace ravine::testing {
namespace {

/// Tensors of ones in one block of memory, each a few elements from the last: any alignment, and guards between them.
struct Scattered {
    Scattered(const std::vector<std::int64_t>& sizes, DType dtype, std::mt19937_64& random) {
        std::vector<std::int64_t> starts;
        std::int64_t end = 0;
        for (const std::int64_t size : sizes) {
            end += 1 + static_cast<std::int64_t>(random() % 9);
            starts.push_back(end);
            end += size;
        }
        host = zeros({end + 1}, dtype);
        memory = host.to(gpu);
        const auto item = static_cast<std::int64_t>(item_size(dtype));
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            void* start = static_cast<std::byte*>(memory.mutable_data()) + starts[i] * item;
            void* expected = static_cast<std::byte*>(host.mutable_data()) + starts[i] * item;
            there.push_back(borrow(start, dtype, {sizes[i]}, {.device = gpu}));
            here.push_back(borrow(expected, dtype, {sizes[i]}));
        }
    }
    Tensor host, memory;
    foreach::Tensors here, there;
};

void check_once(const std::vector<std::int64_t>& sizes, DType dtype, std::mt19937_64& random) {
    const Scattered lists(sizes, dtype, random);
    // Adding in place: an element that is visited twice, or not at all, is not what the CPU makes of it.
    foreach::add_(lists.there, 1);
    foreach::add_(lists.here, 1);
    CHECK(same_bits(lists.memory, lists.host));
}

}  // namespace

TEST_CASE("a grid visits every element of random lists once, whatever their sizes and alignments") {
    std::mt19937_64 random(1);
    const auto log_uniform = [&](double most) { return static_cast<std::int64_t>(std::pow(most, static_cast<double>(random() >> 11) * 0x1p-53)); };
    for (const DType dtype : every_type) {
        check_once({}, dtype, random);
        for (int round = 0; round < 12; ++round) {
            std::vector<std::int64_t> sizes;
            const auto tensors = log_uniform(300);
            for (std::int64_t i = 0; i < tensors; ++i) sizes.push_back(random() % 10 == 0 ? 0 : log_uniform(20'000));
            check_once(sizes, dtype, random);
        }
    }
}

TEST_CASE("a grid serves thousands of small tensors, and one of a million") {
    std::mt19937_64 random(2);
    std::vector<std::int64_t> sizes;
    for (int i = 0; i < 3000; ++i) sizes.push_back(static_cast<std::int64_t>(random() % 70));
    check_once(sizes, DType::f32, random);
    check_once({1'000'003}, DType::f32, random);
    check_once({1'000'003}, DType::bf16, random);
    check_once({0, 1023, 1024, 1025, 0, 2047, 2048, 2049, 16384, 16385}, DType::f64, random);
}

}  // namespace ravine::testing
