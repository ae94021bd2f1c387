#include "dataset.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>

namespace ravine::tools {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "checksums run over little-endian numbers");

constexpr std::size_t largest_content = std::size_t{1} << 30;
constexpr std::size_t piece = std::size_t{1} << 18;

/// Installed below the prefix, beside the program in a build tree.
std::string shipped_digits() {
    std::error_code error;
    const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
    const fs::path beside = folder / "digits.csv.gz";
    const fs::path installed = (folder / RAVINE_DATA_FROM_PROGRAM / "digits.csv.gz").lexically_normal();
    return (fs::exists(beside, error) ? beside : installed).string();
}

template <class T> std::uint32_t checksum(std::uint32_t start, std::span<const T> values) {
    return static_cast<std::uint32_t>(::crc32_z(start, reinterpret_cast<const Bytef*>(values.data()), values.size_bytes()));
}

std::string checksum(const Dataset& data) {
    std::uint32_t sum = 0;
    for (const Examples* part : {&data.train, &data.test}) {
        const std::int64_t shape[] = {part->rows(), data.features};
        sum = checksum<std::int64_t>(sum, shape);
        sum = checksum<double>(sum, part->features);
        sum = checksum<std::int32_t>(sum, part->labels);
    }
    return fmt::format("{:08x}", sum);
}

/// Takes mean and deviation of every feature over the training part, in units of its largest magnitude: nothing
/// overflows, and a constant has exactly no deviation.
void standardise(Dataset& data) {
    const auto width = static_cast<std::size_t>(data.features);
    const auto rows = static_cast<double>(data.train.rows());
    std::vector<double> units(width), means(width), deviations(width);
    const auto for_elements = [&](std::vector<double>& features, auto each) {
        for (std::size_t i = 0, column = 0; i < features.size(); ++i, column = column + 1 == width ? 0 : column + 1) each(features[i], column);
    };
    auto& train = data.train.features;
    for_elements(train, [&](double value, std::size_t c) { units[c] = std::max(units[c], std::abs(value)); });
    for (double& unit : units) unit = unit == 0 ? 1 : unit;
    for_elements(train, [&](double value, std::size_t c) { means[c] += value / units[c]; });
    for (double& mean : means) mean /= rows;
    for_elements(train, [&](double value, std::size_t c) {
        const double distance = value / units[c] - means[c];
        deviations[c] += distance * distance;
    });
    for (double& deviation : deviations) deviation = std::sqrt(deviation / rows);
    for (auto* features : {&train, &data.test.features}) {
        for_elements(*features, [&](double& value, std::size_t c) {
            value = deviations[c] > 0 ? (value / units[c] - means[c]) / deviations[c] : 0;
        });
    }
}

struct Closer {
    void operator()(gzFile_s* file) const { gzclose(file); }
};

/// Negative when the content is damaged or ends early.
int read_piece(gzFile file, std::string& content) {
    const std::size_t used = content.size();
    content.resize(used + piece);
    const int got = gzread(file, content.data() + used, piece);
    content.resize(used + static_cast<std::size_t>(std::max(got, 0)));
    int code = Z_OK;
    (void)gzerror(file, &code);
    return code == Z_OK || code == Z_STREAM_END ? got : -1;
}

}  // namespace

void refuse_data(std::string_view what, std::string_view got, std::string_view where) {
    throw std::invalid_argument(fmt::format("train: {}, got {} ({})", what, got, where));
}

std::string read_packed(const std::string& path) {
    const auto failed = [&](std::string_view what, std::string_view got) {
        return std::runtime_error(fmt::format("train: {}, got {} ({})", what, got, path));
    };
    std::error_code error;
    const bool regular = fs::is_regular_file(path, error);
    if (error) throw failed("--data must be a readable file", error.message());
    if (!regular) throw failed("--data must be a file or a folder", "something else");
    errno = 0;
    const std::unique_ptr<gzFile_s, Closer> file(gzopen(path.c_str(), "rb"));
    if (!file) throw failed("--data must be a readable file", std::strerror(errno));
    std::string content;
    int got = 0;
    while ((got = read_piece(file.get(), content)) > 0) {
        if (content.size() > largest_content) throw failed(fmt::format("--data must unpack to at most {} MiB", largest_content >> 20), "more");
    }
    if (got < 0) throw failed("a gzip file must be whole", "a damaged or truncated one");
    if (path.ends_with(".gz") && gzdirect(file.get()) == 1) throw failed("a .gz file must begin like one", "something else");
    return content;
}

Dataset load_dataset(const std::string& path) {
    const std::string place = path.empty() ? shipped_digits() : path;
    std::error_code error;
    Dataset data = fs::is_directory(place, error) ? read_idx(place) : read_csv(place);
    data.name = fs::path(place).lexically_normal().string();
    data.crc32 = checksum(data);
    const auto classes_of = [](const Examples& part) { return *std::max_element(part.labels.begin(), part.labels.end()) + 1; };
    data.classes = std::max(classes_of(data.train), classes_of(data.test));
    standardise(data);
    return data;
}

}  // namespace ravine::tools
