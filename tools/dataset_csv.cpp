#include "dataset.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace ravine::tools {
namespace {

constexpr std::int64_t fewest_rows = 5;
constexpr std::int64_t test_period = 5;

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// None if the field is no number; it may be infinite or NaN.
std::optional<double> number(std::string_view field) {
    std::string_view text = trimmed(field);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);  // infinite, or tiny
    return value;
}

class CsvReader {
  public:
    explicit CsvReader(const std::string& path) : path_(path) {}

    Dataset read(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        bool first = true;
        while (!text.empty()) {
            const std::string_view line = next_line(text);
            if (trimmed(line).empty()) continue;
            if (!first || !is_header(line)) add_row(line);
            first = false;
        }
        if (rows_ < fewest_rows) {
            refuse_data(fmt::format("a CSV must have at least {} rows, every fifth is the test part", fewest_rows), fmt::format("{}", rows_), path_);
        }
        return std::move(data_);
    }

  private:
    std::string_view next_line(std::string_view& text) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        ++line_;
        return line;
    }

    /// Calls `each` with every field.
    template <class F> static void for_fields(std::string_view line, F each) {
        for (std::size_t begin = 0;;) {
            const std::size_t end = line.find(',', begin);
            each(line.substr(begin, end - begin));
            if (end == std::string_view::npos) return;
            begin = end + 1;
        }
    }

    static bool is_header(std::string_view line) {
        bool all_numbers = true;
        for_fields(line, [&](std::string_view field) { all_numbers = all_numbers && number(field).has_value(); });
        return !all_numbers;
    }

    void add_row(std::string_view line) {
        row_.clear();
        for_fields(line, [&](std::string_view field) {
            const auto value = number(field);
            if (!value || !std::isfinite(*value)) refuse(fmt::format("field {} must be a finite number", row_.size() + 1), ravine::quoted(field, 40));
            row_.push_back(*value);
        });
        if (rows_ == 0) {
            if (row_.size() < 2) refuse("a row must have features and a label", "1 field");
            data_.features = static_cast<std::int64_t>(row_.size()) - 1;
        }
        const auto expected = static_cast<std::size_t>(data_.features) + 1;
        if (row_.size() != expected) refuse(fmt::format("a row must have {} fields like the first", expected), fmt::format("{}", row_.size()));
        const double label = row_.back();
        if (!(label >= 0 && label < most_classes && label == std::floor(label))) {
            refuse(fmt::format("the label must be an integer from 0 to {}", most_classes - 1), fmt::format("{}", label));
        }
        Examples& part = rows_ % test_period == test_period - 1 ? data_.test : data_.train;
        part.features.insert(part.features.end(), row_.begin(), row_.end() - 1);
        part.labels.push_back(static_cast<std::int32_t>(label));
        ++rows_;
    }

    [[noreturn]] void refuse(std::string_view what, std::string_view got) const {
        refuse_data(what, got, fmt::format("{}, line {}", path_, line_));
    }

    const std::string& path_;
    Dataset data_;
    std::vector<double> row_;
    std::int64_t rows_ = 0;
    std::int64_t line_ = 0;
};

}  // namespace

Dataset read_csv(const std::string& path) {
    return CsvReader(path).read(read_packed(path));
}

}  // namespace ravine::tools
