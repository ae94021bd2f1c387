#pragma once
#include <ravine/runtime/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0::zip {

/// Takes the next bytes of a file.
using Put = function_ref<void(std::span<const std::byte>)>;

/// What has been written.
struct Written {
    std::string name;  ///< below the folder
    std::uint64_t header;
    std::uint64_t size;
    std::uint32_t crc;
};

/// Writes a zip file as torch does, front to back: data stored at multiples of 64 bytes, sizes behind them and in the directory, no dates.
class Writer {
  public:
    /// All records lie in `folder`. What `put` refers to must outlive this.
    Writer(std::string_view folder, Put put) : folder_(folder), put_(put) {}

    void add(std::string_view name, std::string_view bytes);
    /// `produce` is called once and must hand over `size` bytes.
    void add(std::string_view name, std::uint64_t size, function_ref<void(Put)> produce);
    /// Writes the directory. Nothing may follow.
    void finish();

    std::span<const Written> records() const noexcept { return records_; }

  private:
    void put(std::string_view bytes);
    void put_header(const Written& record);
    void put_descriptor(const Written& record);
    void append_entry(std::string& directory, const Written& record) const;

    std::string folder_;
    Put put_;
    std::uint64_t position_ = 0;
    std::vector<Written> records_;
};

}  // namespace ravine::inline v0::zip
