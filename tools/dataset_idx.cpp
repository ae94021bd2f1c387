#include "dataset.h"

#include <fmt/format.h>

#include <filesystem>
#include <initializer_list>
#include <span>

namespace ravine::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t image_magic = 0x803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t label_magic = 0x801;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

/// `train-images` in one of the spellings that are about.
std::string find_file(const std::string& folder, const std::string& name, int dimensions) {
    std::error_code error;
    for (const char separator : {'-', '.'}) {
        for (const std::string_view packed : {"", ".gz"}) {
            const fs::path path = fs::path(folder) / fmt::format("{}{}idx{}-ubyte{}", name, separator, dimensions, packed);
            if (fs::exists(path, error)) return path.string();
        }
    }
    refuse_data("--data must be a CSV file or a folder with IDX files", fmt::format("no {}-idx{}-ubyte", name, dimensions), folder);
}

/// The bytes of an IDX file behind its header, and their shape.
struct Idx {
    std::string path;
    std::string content;
    std::vector<std::uint64_t> sizes;

    std::span<const unsigned char> bytes() const {
        const std::size_t header = 4 + 4 * sizes.size();
        return {reinterpret_cast<const unsigned char*>(content.data()) + header, content.size() - header};
    }
};

Idx read_file(const std::string& path, std::uint32_t magic) {
    Idx idx{path, read_packed(path), {}};
    const std::size_t dimensions = magic & 0xff;
    if (idx.content.size() < 4 + 4 * dimensions) refuse_data("an IDX file must have a header", fmt::format("{} bytes", idx.content.size()), path);
    const auto big_endian = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(idx.content[at + i]);
        return value;
    };
    if (big_endian(0) != magic) refuse_data(fmt::format("an IDX file must begin with {:08x}", magic), fmt::format("{:08x}", big_endian(0)), path);
    std::uint64_t elements = 1;
    for (std::size_t d = 0; d < dimensions; ++d) {
        idx.sizes.push_back(big_endian(4 + 4 * d));
        if (idx.sizes[d] == 0) refuse_data("every size of an IDX file must be at least 1", "0", path);
        if (idx.sizes[d] > most_bytes / elements) refuse_data("an IDX file must be smaller than 1 GiB", "a larger one", path);
        elements *= idx.sizes[d];
    }
    if (idx.bytes().size() != elements) {
        refuse_data(fmt::format("an IDX file of these sizes must have {} bytes of data", elements), fmt::format("{}", idx.bytes().size()), path);
    }
    return idx;
}

Examples read_part(const std::string& folder, const std::string& name, std::int64_t& features) {
    Examples part;
    {
        const Idx images = read_file(find_file(folder, name + "-images", 3), image_magic);
        part.features.assign(images.bytes().begin(), images.bytes().end());
        part.labels.resize(images.sizes[0]);
        const auto width = static_cast<std::int64_t>(images.sizes[1] * images.sizes[2]);
        if (features != 0 && width != features) {
            refuse_data(fmt::format("images must have {} pixels like those for training", features), fmt::format("{}", width), images.path);
        }
        features = width;
    }
    const Idx labels = read_file(find_file(folder, name + "-labels", 1), label_magic);
    if (labels.sizes[0] != part.labels.size()) {
        refuse_data(fmt::format("there must be {} labels, one for each image", part.labels.size()), fmt::format("{}", labels.sizes[0]), labels.path);
    }
    part.labels.assign(labels.bytes().begin(), labels.bytes().end());
    return part;
}

}  // namespace

Dataset read_idx(const std::string& folder) {
    Dataset data;
    data.train = read_part(folder, "train", data.features);
    data.test = read_part(folder, "t10k", data.features);
    return data;
}

}  // namespace ravine::tools
