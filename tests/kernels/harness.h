#pragma once
#include "formats.h"

#include <ravine/kernels/passes.h>
#include <ravine/runtime/context.h>

#include <doctest/doctest.h>

#include <cstring>
#include <initializer_list>
#include <string>

namespace ravine::testing {

using kernels::passes::Pass;

template <class T> std::string storage_name() {
    constexpr const char* names[] = {"f64", "f32", "bf16", "f16"};
    return names[Format<T>::storage];
}

/// The kernels of the instruction set under test.
template <class T> kernels::Kernel* const* pass_kernels() {
    static const auto all = kernels::family_kernels<kernels::passes::All>();
    return all.stepwise[static_cast<int>(default_isa())][Format<T>::storage];
}
template <class Family, class T> kernels::Kernel* const* fused_kernels() {
    return kernels::family_kernels<Family>().fused[static_cast<int>(default_isa())][Format<T>::storage];
}
template <class Family, class T> kernels::Kernel* const* stepwise_kernels() {
    return kernels::family_kernels<Family>().stepwise[static_cast<int>(default_isa())][Format<T>::storage];
}

/// Runs a kernel over one row.
template <class T> void run(kernels::Kernel* kernel, std::initializer_list<const T*> slots, std::size_t count, const kernels::StepArguments& arguments) {
    kernels::Chunk chunk{};
    int s = 0;
    for (const T* slot : slots) chunk.slot[s++] = const_cast<T*>(slot);
    chunk.count = static_cast<long long>(count);
    kernel(&chunk, 1, arguments);
}

template <class T> void run_pass(Pass pass, T* out, std::initializer_list<const T*> inputs, std::size_t count, double k = 0, double l = 0) {
    kernels::StepArguments arguments{};
    arguments.terms[0] = k;
    arguments.terms[1] = l;
    const T* slots[4] = {out};
    std::copy(inputs.begin(), inputs.end(), slots + 1);
    run(pass_kernels<T>()[static_cast<int>(pass)], {slots[0], slots[1], slots[2], slots[3]}, count, arguments);
}

/// The first element that differs, as text; empty if none does.
template <class T> std::string difference(const T* got, const T* expected, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (same(got[i], expected[i])) continue;
        return "element " + std::to_string(i) + " of " + std::to_string(count) + ": got " + std::to_string(decode(got[i])) + " (" +
               std::to_string(bits_of(got[i])) + "), expected " + std::to_string(decode(expected[i])) + " (" + std::to_string(bits_of(expected[i])) + ")";
    }
    return {};
}

}  // namespace ravine::testing
