#include "bench_cases.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <random>
#include <stdexcept>

namespace ravine::tools {
namespace {

using Shapes = std::vector<Shape>;

constexpr std::int64_t mebi = std::int64_t{1} << 20;

template <std::int64_t tensors, std::int64_t elements> Shapes alike() {
    return Shapes(static_cast<std::size_t>(tensors), Shape{elements});
}

void append(Shapes& to, const Shapes& more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// GPT-2 with 124 million parameters, in the order of the published checkpoint: 12 layers of 768.
Shapes gpt2() {
    constexpr std::int64_t layers = 12, width = 768, vocabulary = 50257, context = 1024;
    Shapes shapes = {{vocabulary, width}, {context, width}};
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        append(shapes, {{width}, {width}, {3 * width, width}, {3 * width}, {width, width}, {width}});
        append(shapes, {{width}, {width}, {4 * width, width}, {4 * width}, {width, 4 * width}, {width}});
    }
    append(shapes, {{width}, {width}});
    return shapes;
}

/// BERT base: 12 layers of 768 and the pooler.
Shapes bert() {
    constexpr std::int64_t layers = 12, width = 768, inner = 3072, vocabulary = 30522, context = 512;
    Shapes shapes = {{vocabulary, width}, {context, width}, {2, width}, {width}, {width}};
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        for (int projection = 0; projection < 4; ++projection) append(shapes, {{width, width}, {width}});
        append(shapes, {{width}, {width}, {inner, width}, {inner}, {width, inner}, {width}, {width}, {width}});
    }
    append(shapes, {{width, width}, {width}});
    return shapes;
}

/// A convolution without bias and its batch normalization.
void append_convolution(Shapes& shapes, std::int64_t out, std::int64_t in, std::int64_t kernel) {
    append(shapes, {{out, in, kernel, kernel}, {out}, {out}});
}

Shapes resnet50() {
    constexpr std::int64_t stages[][2] = {{64, 3}, {128, 4}, {256, 6}, {512, 3}};  // width, blocks
    Shapes shapes;
    append_convolution(shapes, 64, 3, 7);
    std::int64_t in = 64;
    for (const auto& [width, blocks] : stages) {
        for (std::int64_t block = 0; block < blocks; ++block) {
            append_convolution(shapes, width, in, 1);
            append_convolution(shapes, width, width, 3);
            append_convolution(shapes, 4 * width, width, 1);
            if (block == 0) append_convolution(shapes, 4 * width, in, 1);
            in = 4 * width;
        }
    }
    append(shapes, {{1000, 2048}, {1000}});
    return shapes;
}

/// 1,000 sizes between 1 and 65,536 whose logarithms are evenly spread; the same ones every time.
Shapes mixed() {
    std::mt19937_64 random(1000);
    Shapes shapes;
    for (int i = 0; i < 1000; ++i) {
        const double share = static_cast<double>(random() >> 11) * 0x1p-53;
        shapes.push_back({static_cast<std::int64_t>(std::exp2(16 * share))});
    }
    return shapes;
}

struct Entry {
    std::string_view name;
    Shapes (*shapes)();
};
constexpr Entry entries[] = {
    {"1x16Mi", alike<1, 16 * mebi>},     {"1x64Mi", alike<1, 64 * mebi>},   {"16x1Mi", alike<16, mebi>},
    {"4x1Mi", alike<4, mebi>},           {"1000x1024", alike<1000, 1024>},  {"1000x64", alike<1000, 64>},
    {"10000x64", alike<10000, 64>},      {"10000x1", alike<10000, 1>},      {"gpt2-124m", gpt2},
    {"resnet50", resnet50},              {"bert-base", bert},               {"mixed-1000", mixed},
};

}  // namespace

std::int64_t BenchCase::parameters() const {
    std::int64_t sum = 0;
    for (const Shape& shape : shapes) sum += shape.numel();
    return sum;
}

std::span<const std::string_view> bench_case_names() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> result;
        for (const Entry& entry : entries) result.push_back(entry.name);
        return result;
    }();
    return names;
}

BenchCase bench_case(std::string_view name) {
    for (const Entry& entry : entries) {
        if (entry.name == name) return {std::string(name), entry.shapes()};
    }
    throw std::invalid_argument(
        fmt::format("bench: --case must be one of {}, got {}", fmt::join(bench_case_names(), ", "), quoted(name)));
}

}  // namespace ravine::tools
