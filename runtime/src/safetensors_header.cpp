#include "safetensors_header.h"

#include <ravine/runtime/text.h>

#include "hash.h"
#include "json_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <unordered_set>

namespace ravine::inline v0::safetensors {
namespace {

constexpr int deepest = 4;  // levels of JSON: the header, a tensor, its shape, one for what others add
// At most 4 million tensors: more do not fit into the longest header.
constexpr std::string_view shortest_entry = R"("abc":{"dtype":"U8","shape":[],"data_offsets":[0,1]},)";
static_assert(longest_header / shortest_entry.size() < 4'000'000);

using Names = std::unordered_set<std::string, SecretStringHash>;

/// One pass over the header; the entries are checked one by one and then as a whole.
class Parser {
  public:
    Parser(std::string_view json, std::uint64_t data_bytes, std::string_view file)
        : cursor_(json, "safetensors", file, length_bytes), data_bytes_(data_bytes), file_(file) {}

    Header parse();

  private:
    struct Fields {
        std::optional<DType> dtype;
        std::optional<Shape> shape;
        std::optional<std::pair<std::uint64_t, std::uint64_t>> offsets;
    };

    /// Calls member(key) for each member of an object, behind its colon; keys must differ.
    template <class Member> void read_object(std::string_view what, std::string_view key_of, Member member);
    template <class Item> void read_array(std::string_view what, Item item);
    void read_metadata();
    void read_entry(const std::string& name);
    DType read_dtype(const std::string& shown);
    Shape read_shape(const std::string& shown);
    std::pair<std::uint64_t, std::uint64_t> read_offsets(const std::string& shown);
    void skip_value(int depth);
    void check_size(const Entry& entry) const;
    void check_layout();
    [[noreturn]] void refuse(const Entry& entry, std::string_view what, std::string_view got) const;

    JsonCursor cursor_;
    std::uint64_t data_bytes_;
    std::string_view file_;
    Header header_;
};

template <class Member> void Parser::read_object(std::string_view what, std::string_view key_of, Member member) {
    if (!cursor_.accept('{')) cursor_.fail(fmt::format("{} must be an object", what));
    if (cursor_.accept('}')) return;
    Names seen;
    do {
        const auto [key, is_new] = seen.insert(cursor_.string(key_of, longest_name));
        if (!is_new) cursor_.fail(fmt::format("{} must be there once", key_of), quoted(*key) + " twice");
        if (!cursor_.accept(':')) cursor_.fail(fmt::format("a colon must follow {} {}", key_of, quoted(*key)));
        member(*key);
    } while (cursor_.accept(','));
    if (!cursor_.accept('}')) cursor_.fail(fmt::format("{} must go on with a comma or end with a brace", what));
}

template <class Item> void Parser::read_array(std::string_view what, Item item) {
    if (!cursor_.accept('[')) cursor_.fail(fmt::format("{} must be an array", what));
    if (cursor_.accept(']')) return;
    do item();
    while (cursor_.accept(','));
    if (!cursor_.accept(']')) cursor_.fail(fmt::format("{} must go on with a comma or end with a bracket", what));
}

Header Parser::parse() {
    if (cursor_.peek() != '{') cursor_.fail("the header must begin with a brace");
    read_object("the header", "a tensor's name", [&](const std::string& name) {
        if (name == metadata_name) read_metadata();
        else if (name.empty()) cursor_.fail("a tensor's name must not be empty", "''");
        else read_entry(name);
    });
    if (!cursor_.at_end()) cursor_.fail("only spaces may follow the header's closing brace");
    check_layout();
    return std::move(header_);
}

void Parser::read_metadata() {
    header_.has_metadata = true;
    read_object("__metadata__", "a metadata key", [&](const std::string& key) {
        // As long as it likes: it lies in the header.
        std::string value = cursor_.string(fmt::format("the metadata value of {}", quoted(key)), longest_header);
        header_.metadata.emplace_back(key, std::move(value));
    });
}

void Parser::read_entry(const std::string& name) {
    const std::string shown = "tensor " + quoted(name);
    Fields fields;
    read_object(shown, "a field of " + shown, [&](const std::string& key) {
        if (key == "dtype") fields.dtype = read_dtype(shown);
        else if (key == "shape") fields.shape = read_shape(shown);
        else if (key == "data_offsets") fields.offsets = read_offsets(shown);
        else skip_value(3);
    });
    const auto need = [&](bool there, std::string_view key) {
        if (!there) cursor_.fail(fmt::format("{} must have the field {}", shown, key), "none");
    };
    need(fields.dtype.has_value(), "dtype");
    need(fields.shape.has_value(), "shape");
    need(fields.offsets.has_value(), "data_offsets");
    header_.entries.push_back({name, *fields.dtype, *fields.shape, fields.offsets->first, fields.offsets->second});
    check_size(header_.entries.back());
}

DType Parser::read_dtype(const std::string& shown) {
    const std::string text = cursor_.string(fmt::format("the dtype of {}", shown), longest_name);
    const std::span known = dtype_names();
    const auto found = std::find_if(known.begin(), known.end(), [&](const DTypeName& one) { return one.name == text; });
    if (found == known.end()) cursor_.fail(fmt::format("the dtype of {} must be one of safetensors", shown), quoted(text));
    if (!found->dtype) cursor_.fail(fmt::format("the dtype of {} must be one that ravine can hold", shown), found->name);
    return *found->dtype;
}

Shape Parser::read_shape(const std::string& shown) {
    std::vector<std::int64_t> sizes;
    const std::string what = fmt::format("the shape of {}", shown);
    read_array(what, [&] { sizes.push_back(cursor_.natural(what)); });
    return Shape(sizes);
}

std::pair<std::uint64_t, std::uint64_t> Parser::read_offsets(const std::string& shown) {
    const std::string what = fmt::format("data_offsets of {}", shown);
    std::uint64_t offsets[2] = {};
    std::size_t count = 0;
    read_array(what, [&] {
        if (count == 2) cursor_.fail(fmt::format("{} must be two numbers", what), "more");
        offsets[count++] = static_cast<std::uint64_t>(cursor_.natural(what));
    });
    if (count != 2) cursor_.fail(fmt::format("{} must be two numbers", what), std::to_string(count));
    return {offsets[0], offsets[1]};
}

/// Reads over a field that others added; `depth` is the level that an array or object would have.
void Parser::skip_value(int depth) {
    const char first = cursor_.next_token();
    if ((first == '{' || first == '[') && depth > deepest) cursor_.fail(fmt::format("the header must have at most {} levels", deepest));
    if (first == '{') read_object("a field", "a key", [&](const std::string&) { skip_value(depth + 1); });
    else if (first == '[') read_array("a field", [&] { skip_value(depth + 1); });
    else if (first == '"') cursor_.string("a field", longest_name);
    else if (!cursor_.accept_word("null") && !cursor_.accept_word("true") && !cursor_.accept_word("false")) cursor_.number("a field");
}

void Parser::check_size(const Entry& entry) const {
    // Sizes before and after a zero count too: strides are their products.
    auto room = std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(item_size(entry.dtype));
    for (const std::int64_t size : entry.shape) {
        room /= std::max<std::int64_t>(size, 1);
        if (room == 0) refuse(entry, "sizes must not overflow 64 bits", printable(entry.shape.to_string()));
    }
    const std::uint64_t bytes = static_cast<std::uint64_t>(entry.shape.numel()) * item_size(entry.dtype);
    const std::string offsets = fmt::format("[{}, {}]", entry.begin, entry.end);
    if (entry.end < entry.begin) refuse(entry, "data_offsets must not decrease", offsets);
    if (entry.end > data_bytes_) refuse(entry, fmt::format("data must end within the file's {} data bytes", data_bytes_), offsets);
    if (entry.end - entry.begin != bytes) {
        refuse(entry, fmt::format("data must have {} bytes ({} of shape {})", bytes, ravine::name(entry.dtype), printable(entry.shape.to_string())), offsets);
    }
}

void Parser::check_layout() {
    std::stable_sort(header_.entries.begin(), header_.entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t position = 0;
    for (const Entry& entry : header_.entries) {
        if (entry.begin != position) {
            refuse(entry, fmt::format("data must begin at byte {}, where the tensor before ends", position), std::to_string(entry.begin));
        }
        position = entry.end;
    }
    if (position != data_bytes_) {
        throw std::runtime_error(fmt::format("safetensors: the tensors must fill the file, got {} bytes after the last one ({})",
                                             data_bytes_ - position, file_));
    }
}

void Parser::refuse(const Entry& entry, std::string_view what, std::string_view got) const {
    throw std::runtime_error(fmt::format("safetensors: tensor {}: {}, got {} ({})", quoted(entry.name), what, got, file_));
}

}  // namespace

Header parse_header(std::string_view json, std::uint64_t data_bytes, std::string_view file) {
    json = json.substr(0, json.find_last_not_of(' ') + 1);  // the padding
    return Parser(json, data_bytes, file).parse();
}

}  // namespace ravine::inline v0::safetensors
