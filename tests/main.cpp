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
    if (const char* isa = missing_isa()) {
        std::printf("skipped: this CPU does not have %s\n", isa);
        return skipped;
    }
    if (const std::string reason = missing_device(); !reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return skipped;
    }
    return doctest::Context(argc, argv).run();
}
