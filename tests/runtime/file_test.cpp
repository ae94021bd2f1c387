#include "files.h"

#include "input_file.h"

#include <ravine/runtime/torch_file.h>

#include <csignal>
#include <functional>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ravine::testing {

using namespace std::literals;
using Put = function_ref<void(std::span<const std::byte>)>;

const Value tree = Dict{{"w", zeros({300, 300}, DType::f32)}, {"b", zeros({1}, DType::f64)}};

void put_text(Put put, std::string_view text) {
    put(std::as_bytes(std::span(text)));
}

/// Runs f in a forked child and answers how it ended.
int status_of_child(const std::function<void()>& f) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            f();
        } catch (const std::exception&) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

TEST_CASE("save and load go through a file, and identical trees give identical bytes") {
    const TemporaryFolder folder;
    save(tree, folder.path("a.safetensors"));
    CHECK(load(folder.path("a.safetensors")) == tree);
    save(tree.clone(), folder.path("b.safetensors"));
    CHECK(bytes_of(folder.path("a.safetensors")) == bytes_of(folder.path("b.safetensors")));
    save(load(folder.path("a.safetensors")), folder.path("b.safetensors"));
    CHECK(bytes_of(folder.path("a.safetensors")) == bytes_of(folder.path("b.safetensors")));
    CHECK(folder.size() == 2);
}

TEST_CASE("save knows the format from the suffix, load from the content") {
    const TemporaryFolder folder;
    const auto refusal = [&](const std::string& name) { return message_of<std::invalid_argument>([&] { save(tree, folder.path(name)); }); };
    for (const auto name : {"x", "x.pt2", "x.safetensors.bak", ".safetensors", ".pt"}) {
        CHECK(contains(refusal(name), "save: the file's name must end in .safetensors, .pt, .pth or .bin, got"));
    }
    CHECK(folder.size() == 0);
    save(tree, folder.path("a.safetensors"));
    CHECK(file_format(folder.path("a.safetensors")) == FileFormat::safetensors);
    for (const auto name : {"b.pt", "b.pth", "b.bin"}) {
        save(tree, folder.path(name));
        CHECK(file_format(folder.path(name)) == FileFormat::torch_zip);
        CHECK(load(folder.path(name)) == tree);
    }
    std::filesystem::rename(folder.path("a.safetensors"), folder.path("a.bin"));
    CHECK(load(folder.path("a.bin")) == tree);
}

TEST_CASE("files of other formats are refused by name") {
    const TemporaryFolder folder;
    const std::string path = folder.path("other.safetensors");
    const auto refusal = [&](std::string_view bytes) {
        put_bytes(path, bytes);
        return message_of<std::runtime_error>([&] { load(path); });
    };
    const std::string must = "load: the file must be one of safetensors or of torch.save, got ";
    CHECK(refusal("\x80\2}q\0."s) == must + "a pickle (" + path + ")");
    CHECK(contains(refusal("PYTORCH1"), must + "a preview archive of torch"));
    CHECK(contains(refusal(std::string(257, '\0') + "ustar\0"), must + "a tar file"));
    CHECK(contains(refusal("\x1f\x8b\x08"), must + "a gzip file"));
    CHECK(contains(refusal("\x93NUMPY\1"), must + "an array of NumPy"));
    CHECK(contains(refusal("PK\5\6"), must + "an empty zip file"));
    CHECK(message_of<std::runtime_error>([&] { file_format(path); }) == must + "an empty zip file (" + path + ")");
    put_bytes(path, "PK\3\4rest");
    CHECK(message_of<std::runtime_error>([&] { safetensors::read(path); }) ==
          "safetensors: the file must be in the safetensors format, got a zip file (of torch.save) (" + path + ")");
    put_bytes(path, safetensors_bytes("{}"));
    CHECK(message_of<std::runtime_error>([&] { torch_file::read(path); }) == "torch_file: the file must be one of torch.save, got a safetensors file (" + path + ")");
    CHECK(contains(refusal(""), "must have at least 8 bytes"));
    CHECK(contains(refusal("hello, world"), "the header must have at most 100000000 bytes"));
}

TEST_CASE("a length that looks like a pickle and a name that looks like tar are still safetensors") {
    const TemporaryFolder folder;
    std::string header = R"({"__metadata__":{"a":")";
    header.resize(257 - 8, 'x');
    header += "ustar";
    header.resize(0x280 - 3, 'y');
    header += "\"}}";
    const std::string bytes = safetensors_bytes(header);
    CHECK(bytes.starts_with("\x80\2"));
    CHECK(bytes.substr(257, 5) == "ustar");
    put_bytes(folder.path("x"), bytes);
    CHECK(load(folder.path("x")) == Value(Dict()));
}

TEST_CASE("what is no regular file is refused at once") {
    const TemporaryFolder folder;
    const auto refusal = [](const std::string& path) { return message_of<std::runtime_error>([&] { load(path); }); };
    CHECK(contains(refusal(folder.path("none")), "load: the file must be readable, got No such file or directory"));
    CHECK(contains(refusal(folder.path("")), "must be a regular file, got a directory"));
    CHECK(contains(refusal(""), "the path must be a name"));
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    CHECK(contains(refusal(folder.path("pipe")), "must be a regular file, got a pipe"));
    CHECK(contains(refusal("/dev/zero"), "must be a regular file, got a device"));
}

TEST_CASE("a failure while a file is made leaves the old one and nothing else") {
    const TemporaryFolder folder;
    const std::string path = folder.path("a");
    put_bytes(path, "old");
    for (const std::size_t size : {0u, 10u, 3'000'000u}) {
        CHECK_THROWS_AS(write_file(path, [&](Put put) {
                            put_text(put, std::string(size, 'x'));
                            throw std::bad_alloc();
                        }), std::bad_alloc);
        CHECK(bytes_of(path) == "old");
        CHECK(folder.size() == 1);
    }
    write_file(path, [](Put put) { put_text(put, "new"); });
    CHECK(bytes_of(path) == "new");
}

TEST_CASE("pieces of any size make one file") {
    const TemporaryFolder folder;
    std::string expected;
    write_file(folder.path("a"), [&](Put put) {
        for (const std::size_t size : {0, 1, 262143, 262144, 262145, 5, 1'000'000, 7}) {
            const std::string piece(size, static_cast<char>('a' + size % 26));
            put_text(put, piece);
            expected += piece;
        }
    });
    CHECK(bytes_of(folder.path("a")) == expected);
}

TEST_CASE("a disk that is full at any byte leaves the old file whole") {
    for (const auto name : {"a.safetensors", "a.pt"}) {
        const TemporaryFolder folder;
        const std::string path = folder.path(name);
        save(Dict{{"old", 1}}, path);
        const std::string old = bytes_of(path);
        for (const rlim_t limit : {0u, 1u, 100u, 262144u, 300000u}) {
            const int status = status_of_child([&] {
                ::signal(SIGXFSZ, SIG_IGN);
                const rlimit most = {limit, limit};
                ::setrlimit(RLIMIT_FSIZE, &most);
                save(tree, path);
            });
            CHECK(WIFEXITED(status));
            CHECK(WEXITSTATUS(status) == 1);
            CHECK(bytes_of(path) == old);
            CHECK(folder.size() == 1);
        }
    }
}

TEST_CASE("a file that shrinks while it is read is an error") {
    const TemporaryFolder folder;
    put_bytes(folder.path("a"), std::string(1000, 'x'));
    InputFile file(folder.path("a"), "load");
    std::byte bytes[100];
    file.read_at(900, bytes);
    std::filesystem::resize_file(folder.path("a"), 950);
    CHECK(message_of<std::runtime_error>([&] { file.read_at(900, bytes); }) ==
          "load: the file must not change while it is read, got a shorter one (" + folder.path("a") + ")");
    CHECK_NOTHROW(file.read_at(850, bytes));
}

TEST_CASE("a process that is killed while it writes leaves the old file whole") {
    const TemporaryFolder folder;
    const std::string path = folder.path("a.safetensors");
    save(Dict{{"old", 1}}, path);
    const std::string old = bytes_of(path);
    for (const std::size_t pieces : {0u, 1u, 3u}) {
        const int status = status_of_child([&] {
            write_file(path, [&](Put put) {
                for (std::size_t i = 0; i < pieces; ++i) put_text(put, std::string(300000, 'x'));
                ::kill(::getpid(), SIGKILL);
            });
        });
        CHECK(WIFSIGNALED(status));
        CHECK(bytes_of(path) == old);
    }
    // The kernel kills at the write call that goes over the limit.
    const int status = status_of_child([&] {
        const rlimit most = {300000, 300000}, no_core = {0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::setrlimit(RLIMIT_FSIZE, &most);
        save(tree, path);
    });
    CHECK(WIFSIGNALED(status));
    CHECK(bytes_of(path) == old);
}

TEST_CASE("a path that cannot be replaced is refused") {
    const TemporaryFolder folder;
    const auto refusal = [&](const std::string& path) {
        return message_of<std::runtime_error>([&] { write_file(path, [](Put put) { put_text(put, "new"); }); });
    };
    std::filesystem::create_directory(folder.path("sub"));
    put_bytes(folder.path("a"), "old");
    std::filesystem::create_symlink("a", folder.path("link"));
    CHECK(contains(refusal(folder.path("sub")), "write_file: the path must be a file, got a folder"));
    CHECK(contains(refusal(folder.path("sub/")), "the path must be a file"));
    CHECK(contains(refusal(folder.path("link")), "the path must be a regular file, got a symbolic link"));
    CHECK(contains(refusal(folder.path("none/a")), "the folder must exist"));
    CHECK(contains(refusal(""), "the path must be a name"));
    CHECK(bytes_of(folder.path("a")) == "old");
}

TEST_CASE("files and folders that may not be written are refused and untouched") {
    if (::geteuid() == 0) {
        MESSAGE("root may write everywhere: tried as another user in a child");
    }
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path("locked"));
    put_bytes(folder.path("locked/a"), "old");
    put_bytes(folder.path("read-only"), "old");
    ::chmod(folder.path("").c_str(), 0777);
    ::chmod(folder.path("read-only").c_str(), 0444);
    ::chmod(folder.path("locked").c_str(), 0555);
    for (const auto name : {"locked/a", "locked/new", "read-only"}) {
        const int status = status_of_child([&] {
            if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
            write_file(folder.path(name), [](Put put) { put_text(put, "new"); });
        });
        CHECK(WEXITSTATUS(status) == 1);
    }
    ::chmod(folder.path("locked").c_str(), 0755);
    CHECK(bytes_of(folder.path("locked/a")) == "old");
    CHECK(bytes_of(folder.path("read-only")) == "old");
}

TEST_CASE("the new file has the old one's mode") {
    const TemporaryFolder folder;
    put_bytes(folder.path("a"), "old");
    ::chmod(folder.path("a").c_str(), 0640);
    write_file(folder.path("a"), [](Put put) { put_text(put, "new"); });
    struct stat status = {};
    REQUIRE(::stat(folder.path("a").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

}  // namespace ravine::testing
