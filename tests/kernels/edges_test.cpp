// Lengths, alignments and what lies beside a tensor.
#include "guarded.h"
#include "harness.h"

#include <ravine/kernels/list.h>
#include <ravine/kernels/rules/adam.h>

namespace ravine::testing {
namespace {

/// Four blocks of two registers of the widest set, and a few.
constexpr std::size_t longest = 4 * 2 * 16 + 5;
constexpr std::size_t misalignments[] = {0, 1, 3};

/// Runs the kernel over `count` elements of each slot, every slot misaligned differently, and compares with what it does
/// to a long array, of which they are the beginning.
template <class T>
void check_length(kernels::Kernel* kernel, const kernels::StepArguments& arguments, unsigned writes, int slots, std::size_t count, std::size_t misalignment) {
    std::vector<Guarded<T>> buffers;
    std::vector<std::vector<T>> before, expected;
    for (int s = 0; s < slots; ++s) {
        expected.push_back(ordinary_values<T>(longest, static_cast<std::uint64_t>(s) + 1));
        before.emplace_back(expected.back().begin(), expected.back().begin() + static_cast<std::ptrdiff_t>(count));
        buffers.emplace_back(before.back(), misalignment * static_cast<std::size_t>(s + 1));
    }
    kernels::Chunk chunk{}, whole{};
    for (std::size_t s = 0; s < buffers.size(); ++s) {
        chunk.slot[s] = buffers[s].data();
        whole.slot[s] = expected[s].data();
    }
    chunk.count = static_cast<long long>(count);
    whole.count = longest;
    kernel(&chunk, 1, arguments);
    kernel(&whole, 1, arguments);
    CAPTURE(count);
    CAPTURE(misalignment);
    for (std::size_t s = 0; s < buffers.size(); ++s) {
        CAPTURE(s);
        REQUIRE(buffers[s].guards_survive());
        if (writes >> s & 1u) REQUIRE(difference(static_cast<const T*>(buffers[s].data()), expected[s].data(), count) == "");
        else REQUIRE(buffers[s].holds(before[s]));
    }
}

template <class T> void check_every_length(kernels::Kernel* kernel, const kernels::StepArguments& arguments, unsigned writes, int slots) {
    CAPTURE(storage_name<T>());
    for (std::size_t count = 0; count <= longest; ++count) {
        for (const std::size_t misalignment : misalignments) check_length<T>(kernel, arguments, writes, slots, count, misalignment);
    }
}

}  // namespace

TEST_CASE("every pass is right at every length and alignment and touches nothing but its output") {
    for_each_storage([]<class T>(T) {
        kernels::StepArguments arguments{};
        arguments.terms[0] = 0.7;
        arguments.terms[1] = 0.9;
        for (int pass = 0; pass < static_cast<int>(Pass::count); ++pass) {
            CAPTURE(pass);
            check_every_length<T>(pass_kernels<T>()[pass], arguments, 1, 1 + kernels::passes::inputs(static_cast<Pass>(pass)));
        }
    });
}

TEST_CASE("an update is right at every length and alignment, with and without switches, and leaves the gradient alone") {
    for_each_storage([]<class T>(T) {
        using Rule = kernels::AdamRule<true>;
        const kernels::AdamTerms<double> terms{0.1, 0.99, 0.1, 0.999, 0.001, 0.03, 1e-8, -0.01};
        const kernels::PassTable passes{pass_kernels<T>(), sizeof(T)};
        for (const kernels::Common switches : {kernels::Common{}, kernels::Common{.coupled = true, .unscale = true}}) {
            CAPTURE(switches.unscale);
            kernels::StepArguments arguments{};
            std::memcpy(arguments.terms, &terms, sizeof terms);
            std::memcpy(arguments.switches, &switches, sizeof switches);
            arguments.grad_scale = 3;
            arguments.passes = &passes;
            const unsigned writes = kernels::writes<Rule>() | (switches.unscale ? 2u : 0u);
            for (kernels::Kernel* kernel : {fused_kernels<kernels::Adam, T>()[1], stepwise_kernels<kernels::Adam, T>()[1], static_cast<kernels::Kernel*>(&kernels::list_kernel<Rule>)}) {
                check_every_length<T>(kernel, arguments, writes, Rule::slots);
            }
        }
    });
}

TEST_CASE("an output may be any of the inputs") {
    for_each_storage([]<class T>(T) {
        for (const std::size_t count : {5u, 16u, 33u, 100u}) {
            const std::vector<T> a = ordinary_values<T>(count, 1), b = ordinary_values<T>(count, 2), c = ordinary_values<T>(count, 3);
            std::vector<T> expected(count);
            run_pass<T>(Pass::Addcdiv, expected.data(), {a.data(), b.data(), c.data()}, count, 0.3);
            std::vector<T> x = a, y = b, z = c;
            run_pass<T>(Pass::Addcdiv, x.data(), {x.data(), b.data(), c.data()}, count, 0.3);
            run_pass<T>(Pass::Addcdiv, y.data(), {a.data(), y.data(), c.data()}, count, 0.3);
            run_pass<T>(Pass::Addcdiv, z.data(), {a.data(), b.data(), z.data()}, count, 0.3);
            for (const std::vector<T>* got : {&x, &y, &z}) CHECK(difference(got->data(), expected.data(), count) == "");
        }
    });
}

TEST_CASE("a kernel runs over all its rows, empty ones too") {
    std::vector<float> first = ordinary_values<float>(37, 1), second = ordinary_values<float>(3, 2);
    const std::vector<float> before_first = first, before_second = second;
    kernels::Chunk rows[3] = {};
    rows[0].slot[0] = rows[0].slot[1] = first.data();
    rows[0].count = 37;
    rows[2].slot[0] = rows[2].slot[1] = second.data();
    rows[2].count = 3;
    pass_kernels<float>()[static_cast<int>(Pass::Neg)](rows, 3, kernels::StepArguments{});
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i] == -before_first[i]);
    for (std::size_t i = 0; i < second.size(); ++i) CHECK(second[i] == -before_second[i]);
}

}  // namespace ravine::testing
