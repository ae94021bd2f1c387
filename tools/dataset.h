#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// Examples with a class each.
struct Examples {
    std::vector<double> features;  ///< row-major, `Dataset::features` a row
    std::vector<std::int32_t> labels;

    std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

/// What a classifier learns from, and what it is tested with.
struct Dataset {
    std::string name;
    std::int64_t features = 0;
    std::int64_t classes = 0;  ///< labels are below
    Examples train;
    Examples test;
    std::string crc32;  ///< of the examples as they were read, whatever the file is called or how it is packed
};

/// Reads a CSV file or a folder with IDX files; the digits shipped with the program for an empty path. Features come back
/// with mean 0 and deviation 1 over the training part, or 0 where they do not vary there. std::invalid_argument or
/// std::runtime_error beginning with "train" that names the file, and the line of a CSV.
Dataset load_dataset(const std::string& path);

/// Labels are below.
constexpr std::int64_t most_classes = 10'000;

/// Comma-separated numbers, the last one is the label; every fifth row is for testing. No standardising.
Dataset read_csv(const std::string& path);
/// The four files of MNIST and its relatives.
Dataset read_idx(const std::string& folder);

/// The whole content of a file, unpacked if it is a gzip one.
std::string read_packed(const std::string& path);
/// "train: <what>, got <got> (<where>)".
[[noreturn]] void refuse_data(std::string_view what, std::string_view got, std::string_view where);

}  // namespace ravine::tools
