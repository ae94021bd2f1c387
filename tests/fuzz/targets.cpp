#include "targets.h"

#include <ravine/runtime/text.h>

#include <array>

namespace ravine::fuzz {

std::span<const Target> targets() noexcept {
    static constexpr std::array all = {
        Target{"safetensors", safetensors}, Target{"extended_json", extended_json},
        Target{"torch_zip", torch_zip},     Target{"torch_pickle", torch_pickle},   Target{"torch_file", torch_file},
        Target{"replay_spec", replay_spec}, Target{"schedule_spec", schedule_spec}, Target{"minimize_spec", minimize_spec},
    };
    return all;
}

void check_message(std::string_view text) {
    check(!text.empty(), "an error must have a message");
    if (printable(text, std::string_view::npos) != text) throw Broken("an error's message must be one printable line: " + printable(text));
}

}  // namespace ravine::fuzz
