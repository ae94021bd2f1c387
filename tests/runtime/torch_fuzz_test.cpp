#include "torch_files.h"

#include <random>

namespace ravine::testing {

using namespace std::literals;

/// Bytes changed, cut out, doubled: a few at a time.
std::string damaged(std::string bytes, std::mt19937_64& random) {
    const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % std::max<std::size_t>(limit, 1)); };
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
        const std::size_t at = below(bytes.size()), length = std::min(1 + below(8), bytes.size() - at);
        switch (below(5)) {
        case 0: bytes.erase(at, length); break;
        case 1: bytes.insert(at, bytes.substr(at, length)); break;
        case 2: bytes.insert(at, bytes.substr(below(bytes.size()), length)); break;
        default: bytes[at] = static_cast<char>(random());
        }
    }
    return bytes;
}

/// Either a tree or a refusal: nothing else may come out.
void survive(std::string_view bytes, torch_file::Crc crc, int& read, int& refused) {
    try {
        (void)parse_torch(bytes, {.crc = crc}).to_string();
        ++read;
    } catch (const std::runtime_error&) {
        ++refused;
    }
}

Value varied_tree() {
    Dict ordered = {{"weight", tensor_of({1.0F, 2.0F, 3.0F}, {3})}, {"count", tensor_of<std::int64_t>({5}, {})}, {"flags", tensor_of<bool>({true, false}, {2})},
                    {"words", tensor_of<std::uint16_t>({1, 2}, {2})}};
    ordered.kind = Dict::Kind::ordered_dict;
    ordered.metadata = Dict{{"", Dict{{"version", 1}}}};
    Dict counter;
    counter.kind = Dict::Kind::counter;
    counter.set(3, 1);
    return Dict{{"model", ordered}, {"milestones", counter}, {"lr", 0.1}, {"betas", Tuple{0.9, 0.999}}, {"list", List{1, 300, -5, 1 << 20, {}, true, "text", Value::Bytes{"\xff"}}}};
}

TEST_CASE("a damaged file is a tree or a refusal, never anything else") {
    const TemporaryFolder folder;
    torch_file::write(varied_tree(), folder.path("x.pt"));
    const std::string good = bytes_of(folder.path("x.pt"));
    std::mt19937_64 random(1);
    int read = 0, refused = 0;
    for (int i = 0; i < 4000; ++i) survive(damaged(good, random), i % 2 == 0 ? torch_file::Crc::skip : torch_file::Crc::verify, read, refused);
    CHECK(read > 0);
    CHECK(refused > 2000);
}

TEST_CASE("a damaged pickle in a whole file is a tree or a refusal, never anything else") {
    const TemporaryFolder folder;
    torch_file::write(varied_tree(), folder.path("x.pt"));
    const std::string file = bytes_of(folder.path("x.pt"));
    const std::string pickle = file.substr(64, file.find("PK\7\x08") - 64);
    const std::vector<std::string> storages = {std::string(12, '\1'), std::string(8, '\1'), std::string(2, '\1'), std::string(4, '\1')};
    CHECK_NOTHROW(parse_torch(checkpoint_of(pickle, storages).bytes()));
    std::mt19937_64 random(2);
    int read = 0, refused = 0;
    for (int i = 0; i < 20'000; ++i) survive(checkpoint_of(damaged(pickle, random), storages).bytes(), torch_file::Crc::verify, read, refused);
    CHECK(read > 0);
    CHECK(refused > 10'000);
}

}  // namespace ravine::testing
