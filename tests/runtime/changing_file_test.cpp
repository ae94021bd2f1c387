#include "files.h"

#include <functional>
#include <new>

namespace ravine::testing {

using namespace std::literals;

/// Does something while a file is read: when memory for a tensor is asked for.
class Meddler final : public Allocator {
  public:
    Meddler(int at, std::function<void()> meddle) : at_(at), meddle_(std::move(meddle)) {}
    void* allocate(std::size_t bytes, Device) override {
        if (++asked_ == at_) meddle_();
        return ::operator new(bytes, std::align_val_t{64});
    }
    void deallocate(void* memory, std::size_t, Device) noexcept override { ::operator delete(memory, std::align_val_t{64}); }
    bool has_meddled() const { return asked_ >= at_; }

  private:
    int at_;
    int asked_ = 0;
    std::function<void()> meddle_;
};

/// Larger than what is read ahead.
constexpr std::size_t numel_each = 100'000;

Value two_tensors() {
    return Dict{{"a", zeros({numel_each}, DType::f32)}, {"b", zeros({numel_each}, DType::f32)}};
}

constexpr int tensor_count = 2;
constexpr const char* changing_names[] = {"x.safetensors", "x.pt"};

/// Loads a file with which something happens at the allocation number `at`.
Value load_while(const std::string& path, int at, const std::function<void()>& meddle) {
    Meddler meddler(at, meddle);
    Context context;
    context.allocator = &meddler;
    const Value tree = load(path, context).clone();
    CHECK(meddler.has_meddled());
    return tree;
}

TEST_CASE("a file that shrinks while it is read is an error") {
    const TemporaryFolder folder;
    for (const char* name : changing_names) {
        const std::string path = folder.path(name);
        for (int at = 1; at <= tensor_count; ++at) {
            for (const std::size_t size : {std::size_t{0}, std::size_t{1}, numel_each * sizeof(float)}) {
                CAPTURE(name);
                CAPTURE(at);
                CAPTURE(size);
                save(two_tensors(), path);
                const std::string message = message_of<std::runtime_error>([&] { load_while(path, at, [&] { std::filesystem::resize_file(path, size); }); });
                CHECK(contains(message, "the file must not change while it is read, got a shorter one (" + path + ")"));
            }
        }
    }
}

TEST_CASE("a file that grows while it is read is read as it was") {
    const TemporaryFolder folder;
    for (const char* name : changing_names) {
        const std::string path = folder.path(name);
        for (int at = 1; at <= tensor_count; ++at) {
            save(two_tensors(), path);
            CHECK(load_while(path, at, [&] { std::ofstream(path, std::ios::binary | std::ios::app) << "more"; }) == two_tensors());
        }
    }
}

TEST_CASE("a file that is saved anew while it is read is read as it was") {
    const TemporaryFolder folder;
    for (const char* name : changing_names) {
        const std::string path = folder.path(name);
        for (int at = 1; at <= tensor_count; ++at) {
            save(two_tensors(), path);
            CHECK(load_while(path, at, [&] { save(Dict{{"new", 1}}, path); }) == two_tensors());
            CHECK(load(path) == Value(Dict{{"new", 1}}));
        }
    }
}

/// Writes a byte into the tensor that fills the file, behind what was read ahead.
void change_tensor(const std::string& path, char byte) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 4 * 3));
    file.put(byte);
}

TEST_CASE("bytes that change while a file is read are checked as they arrive") {
    const TemporaryFolder folder;
    const Value flags = Dict{{"a", zeros({numel_each * 4}, DType::boolean)}};
    const auto refusal = [&](const std::string& path) {
        return message_of<std::runtime_error>([&] { load_while(path, 1, [&] { change_tensor(path, 2); }); });
    };
    save(flags, folder.path("x.safetensors"));
    CHECK(contains(refusal(folder.path("x.safetensors")), "BOOL data must be bytes 0 and 1, got 2"));
    save(flags, folder.path("x.pt"));
    CHECK(contains(refusal(folder.path("x.pt")), "a record's CRC-32 must be"));
}

}  // namespace ravine::testing
