#include "targets.h"

#include "extended_json.h"

#include <stdexcept>

namespace ravine::fuzz {
namespace {

const std::string tensor_name = "w";

Value read_text(std::string_view text) {
    return from_extended_json(
        text, "x", [](const std::string& key) { return key == tensor_name ? zeros({2}, DType::f32) : Tensor(); },
        [](const std::string&) -> Value { throw std::runtime_error("no parts"); });
}

std::string write_text(const Value& value) {
    return to_extended_json(
        value, "", [](const Tensor&, const std::string&) { return tensor_name; }, [](const Dict&) { return std::string(); });
}

}  // namespace

Outcome extended_json(std::string_view bytes) {
    return outcome_of<std::runtime_error>([&] {
        const std::string text = write_text(read_text(bytes));
        check(write_text(read_text(text)) == text, "a text of a tree must say the same when it is read and written");
    });
}

}  // namespace ravine::fuzz
