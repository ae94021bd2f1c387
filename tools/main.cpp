#include "bench.h"
#include "convert.h"
#include "inspect.h"
#include "minimize.h"
#include "replay.h"
#include "schedule.h"
#include "train.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

namespace {

constexpr int failed = 1;

int report(std::string_view what) {
    fmt::print(stderr, "ravine: error: {}\n", ravine::printable(what, std::string_view::npos));
    return failed;
}

/// What was printed may still wait in a buffer that the disk has no room for.
int flush() {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
    return report(fmt::format("ravine: stdout must be writable, got {}", errno != 0 ? std::strerror(errno) : "a write error"));
}

/// The library speaks as "ravine" where no class is at fault; here the subcommand is.
std::string in_the_name_of(const std::string& subcommand, std::string_view what) {
    if (subcommand.empty() || !what.starts_with("ravine: ")) return std::string(what);
    return subcommand + std::string(what.substr(what.find(':')));
}

int run(int argc, char** argv) {
    ravine::tools::CommandLine program("ravine: torch.optim without a framework, from the command line", "ravine", RAVINE_VERSION);
    ravine::tools::add_bench(program);
    ravine::tools::add_convert(program);
    ravine::tools::add_inspect(program);
    ravine::tools::add_minimize(program);
    ravine::tools::add_replay(program);
    ravine::tools::add_schedule(program);
    ravine::tools::add_train(program);
    try {
        const int status = program.run(argc, argv);
        return status == 0 ? flush() : status;
    } catch (const std::bad_alloc&) {
        return report(in_the_name_of(program.running(), "ravine: there must be enough memory, got none"));
    } catch (const std::exception& error) {
        return report(in_the_name_of(program.running(), error.what()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        return report(error.what());
    }
}
