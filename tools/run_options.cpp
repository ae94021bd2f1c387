#include "run_options.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr int most_threads = 1024;

}  // namespace

void RunOptions::add_to(Command& command) {
    command.option("--threads", threads_, "threads of a step, at least 1 (default: all that the process may use)", "N");
    add_machine_to(command);
    command.option("--implementation", implementation_, "code of a step: automatic, for_loop, foreach or fused (default: automatic)", "NAME");
}

void RunOptions::allow_device() { may_use_device_ = true; }

void RunOptions::add_machine_to(Command& command) {
    who_ = command.name();
    command.option("--isa", isa_, "instruction set: scalar, avx2, avx512 or best (default: RAVINE_ISA, else best)", "NAME");
    command.option("--device", device_, "where to compute: cpu, cuda or cuda:N (default: cpu)", "NAME");
    command.flag("-q,--quiet", quiet_, "no progress");
}

Context RunOptions::context(LogSink* log) {
    check_threads(threads_.value_or(1));
    choose_machine();
    executor_ = std::make_unique<ThreadExecutor>(threads_.value_or(0));
    return {.executor = executor_.get(), .log = log};
}

std::optional<optim::Implementation> RunOptions::implementation() const {
    if (!implementation_) return std::nullopt;
    return optim::implementation_from_name(*implementation_);
}

void RunOptions::check_threads(int threads) const {
    if (threads >= 1 && threads <= most_threads) return;
    throw std::invalid_argument(fmt::format("{}: --threads must be from 1 to {}, got {}", who_, most_threads, threads));
}

void RunOptions::choose_machine() const {
    check_device();
    choose_isa();
}

void RunOptions::choose_isa() const {
    (void)(isa_ ? isa_from_name(*isa_) : default_isa());  // throws
    // Whoever needs an instruction set asks default_isa, which reads the environment. There is no second thread yet that
    // could read it now.
    if (isa_) setenv("RAVINE_ISA", isa_->c_str(), 1);
}

Device RunOptions::device() const {
    try {
        return device_from_name(device_);
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument(fmt::format("{}: --device must be cpu, cuda or cuda:N, got {}", who_, ravine::quoted(device_)));
    } catch (const std::runtime_error&) {
        // Says what the library says, but about the option.
        const std::string problem = cuda_problem();
        const std::string why = problem.empty() ? fmt::format("the last one is cuda:{}", cuda_device_count() - 1) : problem;
        throw std::runtime_error(fmt::format("{}: --device must be one that can be used here, got {} ({})", who_, device_, why));
    }
}

void RunOptions::check_device() const {
    if (device() == Device{} || may_use_device_) return;
    throw std::invalid_argument(fmt::format("{}: --device must be cpu in this version, got {}", who_, device_));
}

}  // namespace ravine::tools
