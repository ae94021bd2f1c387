#include "targets.h"

#include "pickle_writer.h"

#include <ravine/runtime/torch_file.h>

#include <stdexcept>

namespace ravine::fuzz {

Outcome torch_file(std::string_view bytes) {
    return outcome_of<std::runtime_error>([&] {
        const Value tree = ravine::torch_file::parse(std::as_bytes(std::span(bytes)), "x.pt", {.crc = ravine::torch_file::Crc::skip});
        static_cast<void>(tree.to_string());
        static_cast<void>(tree.clone());
        try {
            static_cast<void>(pickle::write(tree));
        } catch (const std::invalid_argument& error) {  // a stream of torch before the zip format may say more
            check_message(error.what());
        }
    });
}

}  // namespace ravine::fuzz
