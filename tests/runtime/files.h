#pragma once
// Files and tensors for the tests of what reads and writes them.

#include "../complaints.h"

#include <ravine/runtime/file.h>

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <stdlib.h>

namespace ravine::testing {

/// Lives in the system's place for temporary files; gone with this object.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "ravine-test-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
    /// How many files it holds.
    std::size_t size() const {
        const std::filesystem::directory_iterator files(path_);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

  private:
    std::string path_;
};

inline std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_bytes(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

template <class T> Tensor tensor_of(std::initializer_list<T> values, const Shape& shape) {
    const Tensor tensor = empty(shape, dtype_of<T>::value);
    std::copy(values.begin(), values.end(), tensor.span<T>().begin());
    return tensor;
}

/// A safetensors file from its two halves, unchecked.
inline std::string safetensors_bytes(std::string_view header, std::string_view data = {}) {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes.append(header).append(data);
}

inline safetensors::File parse(std::string_view bytes) {
    return safetensors::parse(std::as_bytes(std::span(bytes)), "x.safetensors");
}

}  // namespace ravine::testing
