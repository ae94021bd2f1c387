// The main function of every test program: doctest's, and a way to skip what this machine cannot run.
#define DOCTEST_CONFIG_IMPLEMENT
#include <ravine/runtime/context.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace {

constexpr int skipped = 77;  // what Meson calls skipped

/// Why the instruction set that RAVINE_ISA asks for is not to be run; else nothing.
std::string missing_isa() {
    const char* asked = std::getenv("RAVINE_ISA");
    if (asked == nullptr) return {};
    std::string_view best = ravine::name(ravine::Isa::scalar);
    for (auto isa : {ravine::Isa::avx2, ravine::Isa::avx512}) {
        if (ravine::is_available(isa)) best = ravine::name(isa);
        else if (ravine::name(isa) == asked) return std::string("this CPU does not have ") + asked;
    }
    const bool is_run_anyway = std::getenv("RAVINE_SKIP_BEST") != nullptr && asked == best;
    return is_run_anyway ? std::string("the test without an instruction set runs ") + asked : std::string();
}

/// Why no device can be used where RAVINE_NEEDS_DEVICE is set; else nothing.
std::string missing_device() {
    if (std::getenv("RAVINE_NEEDS_DEVICE") == nullptr) return {};
    try {
        (void)ravine::device_from_name("cuda");
        return {};
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (const std::string& reason : {missing_isa(), missing_device()}) {
        if (reason.empty()) continue;
        std::printf("skipped: %s\n", reason.c_str());
        return skipped;
    }
    return doctest::Context(argc, argv).run();
}
