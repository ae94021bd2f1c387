// The main function of every test program: doctest's, and a way to skip what this machine cannot run.
#define DOCTEST_CONFIG_IMPLEMENT
#include <ravine/runtime/context.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

constexpr int skipped = 77;  // what Meson calls skipped

/// The instruction set that RAVINE_ISA asks for, if this CPU lacks it.
const char* missing_isa() {
    const char* asked = std::getenv("RAVINE_ISA");
    if (asked == nullptr) return nullptr;
    for (auto isa : {ravine::Isa::avx2, ravine::Isa::avx512}) {
        if (ravine::name(isa) == asked && !ravine::is_available(isa)) return asked;
    }
    return nullptr;
}

#if defined(RAVINE_NEEDS_DEVICE)
/// Why no device can be used, or null.
const char* missing_device() {
    static std::string reason;
    try {
        (void)ravine::device_from_name("cuda");
        return nullptr;
    } catch (const std::exception& error) {
        reason = error.what();
        return reason.c_str();
    }
}
#else
const char* missing_device() { return nullptr; }
#endif

}  // namespace

int main(int argc, char** argv) {
    if (const char* isa = missing_isa()) {
        std::printf("skipped: this CPU does not have %s\n", isa);
        return skipped;
    }
    if (const char* reason = missing_device()) {
        std::printf("skipped: %s\n", reason);
        return skipped;
    }
    return doctest::Context(argc, argv).run();
}
