// What holds for all foreach functions: threads, mixed lists, the caller's floating-point mode, refusals.
#include "foreach_harness.h"

#include "../tensors.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ravine::testing {
namespace {

/// One list of all four dtypes.
Tensors mixed(std::uint64_t seed, const Shape& shape = {7'001}) {
    Tensors result;
    for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::f16, DType::f32}) result.push_back(random_tensor(shape, dtype, ++seed));
    return result;
}

bool same_bits(const Tensors& a, const Tensors& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].dtype() != b[i].dtype() || a[i].nbytes() != b[i].nbytes()) return false;
        if (std::memcmp(a[i].data(), b[i].data(), a[i].nbytes()) != 0) return false;
    }
    return a.size() == b.size();
}

}  // namespace

TEST_CASE("a list of mixed dtypes is what its tensors are alone") {
    const Tensors a = mixed(1), b = mixed(10), c = mixed(20);
    const std::vector<double> ks = {0.1, 0.1, 0.1, 0.7, 0.2};
    const Tensors together = foreach::addcdiv(a, b, c, ks);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits({together[i]}, foreach::addcdiv(Tensors{a[i]}, Tensors{b[i]}, Tensors{c[i]}, ks[i])));
}

TEST_CASE("any number of threads gives the same bits, with the context's executor and memory") {
    struct Counting final : Executor {
        ThreadExecutor threads{3};
        int regions = 0;
        int concurrency() const noexcept override { return 3; }
        void parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) override {
            ++regions;
            threads.parallel_for(tasks, task);
        }
    } three;
    SerialExecutor serial;
    const Tensors a = mixed(1, {30'001}), b = mixed(10, {30'001});
    const Tensors expected = foreach::lerp(a, b, 0.3, {.executor = &serial});
    CHECK(same_bits(foreach::lerp(a, b, 0.3, {.executor = &three}), expected));
    CHECK(three.regions == 1);
    CHECK(same_bits(foreach::lerp(a, b, 0.3), expected));
    CHECK(foreach::norms(a, 2, {.executor = &three}) == foreach::norms(a, 2, {.executor = &serial}));
    CHECK(three.regions == 2);
}

#if defined(__x86_64__)
TEST_CASE("flushed denormals and another rounding of the caller change nothing, and come back") {
    const TensorList<float> a(1), b(2);
    const Tensors tiny = {tensor_of({1e-40, 3e-42, -2e-41})};
    const Tensors products = foreach::mul(a.tensors, b.tensors), doubled = foreach::add(tiny, tiny);
    const std::vector<double> lengths = foreach::norms(tiny, 1);
    const unsigned before = _mm_getcsr(), strange = (before & ~0x6000u) | 0x8040u | 0x4000u;  // FTZ, DAZ, upwards
    _mm_setcsr(strange);
    const Tensors strange_products = foreach::mul(a.tensors, b.tensors), strange_doubled = foreach::add(tiny, tiny);
    const std::vector<double> strange_lengths = foreach::norms(tiny, 1);
    const unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    CHECK((after & 0xffc0u) == (strange & 0xffc0u));
    CHECK(same_bits(strange_products, products));
    CHECK(same_bits(strange_doubled, doubled));
    CHECK(strange_lengths == lengths);
    CHECK(lengths[0] > 0);
    CHECK(elements_of<float>(doubled[0])[0] == 1e-40f + 1e-40f);
}
#endif

TEST_CASE("an empty list is no error") {
    const Tensors none;
    foreach::add_(none, 1);
    foreach::zero_(none);
    CHECK(foreach::mul(none, none).empty());
    CHECK(foreach::norm(none).empty());
}

TEST_CASE("lists that do not fit are refused with their place") {
    const Tensors a = {zeros({2}, DType::f32), zeros({2, 3}, DType::f32)}, one = {zeros({2}, DType::f32)};
    CHECK(complaint([&] { foreach::add_(a, one); }) == "foreach.add_: other must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { foreach::mul(a, std::vector<double>{1}); }) == "foreach.mul: scalars must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { foreach::div(a, Tensors{a[0], zeros({3, 2}, DType::f32)}); }) == "foreach.div: other must have shape (2, 3), got (3, 2) (tensor 1)");
    CHECK(complaint([&] { foreach::addcmul_(a, a, Tensors{zeros({2}, DType::f64), a[1]}); }) == "foreach.addcmul_: b must be float32, got float64 (tensor 0)");
    CHECK(complaint([&] { foreach::lerp(a, a, one); }) == "foreach.lerp: weight must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { foreach::sqrt(Tensors{zeros({2}, DType::i64)}); }) == "foreach.sqrt: self must be float64, float32, bfloat16 or float16, got int64 (tensor 0)");
    CHECK(complaint([&] { foreach::neg_(Tensors{a[0], Tensor()}); }) == "foreach.neg_: self must be defined, got an undefined tensor (tensor 1)");
    CHECK(complaint([&] { foreach::copy_(a, Tensors{a[1], a[0]}); }) == "foreach.copy_: source must have shape (2,), got (2, 3) (tensor 0)");
    CHECK(complaint([&] { foreach::clamp(a, 0, a); }) == "foreach.clamp: both bounds must be scalars or both tensors, got one of each");
    CHECK(complaint([&] { foreach::norm(a, 3); }) == "foreach.norm: order must be 1, 2 or inf, got 3");
}

TEST_CASE("a read-only tensor is refused before another one is written") {
    const float memory[2] = {1, 2};
    const Tensor writable = tensor_of({1, 2}), constant = borrow(memory, {2});
    const Tensors list = {writable, constant};
    const std::vector<std::function<void()>> writes = {[&] { foreach::add_(list, 1); }, [&] { foreach::pow_(list, 3); }, [&] { foreach::zero_(list); },
                                                       [&] { foreach::copy_(list, Tensors{zeros({2}, DType::f32), zeros({2}, DType::f32)}); },
                                                       [&] { foreach::clamp_(list, 5, 6); }};
    for (const auto& write : writes) {
        CHECK(contains(complaint(write), "self must be writable, got a read-only tensor (tensor 1)"));
        CHECK(numbers_of(writable) == std::vector<double>{1, 2});
    }
    CHECK(numbers_of(foreach::add(list, 1)[1]) == std::vector<double>{2, 3});
}

TEST_CASE("scalars that torch refuses are refused before the first write, and the others overflow") {
    const Tensors single = {tensor_of({1}), tensor_of({1}, DType::f16)}, wide = {tensor_of({1}, DType::f64)};
    CHECK(complaint([&] { foreach::add_(single, single, 1e39); }) == "foreach.add_: scalars must be convertible to float32 without overflow, got 1e+39 (tensor 0)");
    CHECK(complaint([&] { foreach::add_(single, single, 1e5); }) == "foreach.add_: scalars must be convertible to float16 without overflow, got 100000 (tensor 1)");
    CHECK(contains(complaint([&] { foreach::maximum_(single, 1e5); }), "float16"));
    CHECK(contains(complaint([&] { foreach::clamp_(single, 0, -1e5); }), "float16"));
    CHECK(complaint([&] { foreach::addcmul_(single, single, single, 1e39); }) == "foreach.addcmul_: scalars must be convertible to float32 without overflow, got 1e+39 (tensor 0)");
    CHECK(contains(complaint([&] { foreach::addcdiv_(single, single, single, std::vector<double>{1, 1e39}); }), "float32 without overflow, got 1e+39 (tensor 1)"));
    CHECK(contains(complaint([&] { foreach::lerp_(single, single, 1e39); }), "without overflow"));
    for (const Tensor& tensor : single) CHECK(tensor.item() == 1);
    foreach::addcmul_(single, single, single, 1e5);
    CHECK(single[0].item() == 100'001);
    CHECK(single[1].item() == INFINITY);
    CHECK(foreach::add(wide, wide, 1e39)[0].item() == 1 + 1e39);
    CHECK(foreach::add(single, 1e39)[0].item() == INFINITY);
    CHECK(foreach::mul(Tensors{tensor_of({1})}, 1e39)[0].item() == INFINITY);
    CHECK(foreach::add(wide, wide, INFINITY)[0].item() == INFINITY);
}

}  // namespace ravine::testing
