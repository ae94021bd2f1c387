#pragma once
#include <ravine/runtime/shape.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// The parameters of a model, or a synthetic list: what one step of a measurement goes over.
struct BenchCase {
    std::string name;
    std::vector<Shape> shapes;

    std::int64_t parameters() const;
};

/// The names of all cases, in the order in which they are shown.
std::span<const std::string_view> bench_case_names();

/// A case by its name. std::invalid_argument with the known ones.
BenchCase bench_case(std::string_view name);

}  // namespace ravine::tools
