#include "torch_read.h"

#include <ravine/runtime/text.h>

#include "file_format.h"
#include "input_file.h"
#include "torch_refusal.h"

#include <algorithm>

namespace ravine::inline v0::torch_file {
namespace {

class MemorySource final : public ByteSource {
  public:
    MemorySource(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), shown_(printable(name, 300)) {}
    std::uint64_t size() const noexcept override { return bytes_.size(); }
    const std::string& shown() const noexcept override { return shown_; }
    void read_at(std::uint64_t offset, std::span<std::byte> into) override {
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    }

  private:
    std::span<const std::byte> bytes_;
    std::string shown_;
};

}  // namespace

Value read(ByteSource& source, const ReadOptions& options, const Context& context) {
    const Recognized found = recognize(source);
    if (found.format == FileFormat::torch_zip) return read_zip(source, options, context);
    if (found.format == FileFormat::torch_legacy) return read_legacy(source, context);
    refuse("the file must be one of torch.save", found.name.empty() ? "something else" : found.name, source.shown());
}

Value read(const std::string& path, const ReadOptions& options, const Context& context) {
    InputFile file(path, "torch_file");
    return read(file, options, context);
}

Value parse(std::span<const std::byte> bytes, std::string_view name, const ReadOptions& options, const Context& context) {
    MemorySource source(bytes, name);
    return read(source, options, context);
}

}  // namespace ravine::inline v0::torch_file
