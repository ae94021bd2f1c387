// The entry of libFuzzer for one target, RAVINE_FUZZ_TARGET.

#include "targets.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ravine::fuzz::RAVINE_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
    return 0;
}
