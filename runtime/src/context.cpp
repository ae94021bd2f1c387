#include <ravine/runtime/context.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace ravine::inline v0 {

Executor::~Executor() = default;
Allocator::~Allocator() = default;
LogSink::~LogSink() = default;

void SerialExecutor::parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
}

namespace {

constexpr std::array<std::string_view, 3> isa_names = {"scalar", "avx2", "avx512"};

Isa best_isa() noexcept {
    if (is_available(Isa::avx512)) return Isa::avx512;
    return is_available(Isa::avx2) ? Isa::avx2 : Isa::scalar;
}

#if defined(__x86_64__)
/// clang 14 does not have this one among the names that it can ask for.
bool has_f16c() noexcept {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

}  // namespace

bool is_available(Isa isa) noexcept {
#if defined(RAVINE_NO_AVX2)
    if (isa == Isa::avx2) return false;
#endif
#if defined(RAVINE_NO_AVX512)
    if (isa == Isa::avx512) return false;
#endif
#if defined(__x86_64__)
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    switch (isa) {
    case Isa::scalar: return true;
    case Isa::avx2: return has_avx2;
    case Isa::avx512:
        return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512cd");
    }
    return false;
#else
    return isa == Isa::scalar;
#endif
}

std::string_view name(Isa isa) noexcept {
    return isa_names[static_cast<std::size_t>(isa)];
}

Isa isa_from_name(std::string_view text) {
    if (text == "best") return best_isa();
    for (std::size_t i = 0; i < isa_names.size(); ++i) {
        if (text != isa_names[i]) continue;
        const auto isa = static_cast<Isa>(i);
        if (is_available(isa)) return isa;
        throw std::runtime_error(
            fmt::format("ravine: isa must be one that this CPU and this library have, got {} (the best here is {})", text, name(best_isa())));
    }
    throw std::invalid_argument(fmt::format("ravine: isa must be scalar, avx2, avx512 or best, got {}", quoted(text)));
}

Isa default_isa() {
    const char* wanted = std::getenv("RAVINE_ISA");
    return wanted == nullptr || *wanted == '\0' ? best_isa() : isa_from_name(wanted);
}

}  // namespace ravine::inline v0
