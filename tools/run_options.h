#pragma once
#include "command_line.h"

#include <ravine/optim/optimizer.h>

#include <memory>
#include <optional>
#include <string>

namespace ravine::tools {

/// The options that mean the same for every subcommand: --threads, --isa, --device, --implementation, --quiet.
class RunOptions {
  public:
    /// Adds the options to a subcommand, whose name begins the messages. This object must outlive the parsing.
    void add_to(Command& command);
    /// Those of them that choose the machine, for a subcommand that measures several threads and implementations:
    /// --isa, --device, --quiet.
    void add_machine_to(Command& command);

    /// Checks what was given and makes it effective. Once, before anything else of the library is used. The executor of the
    /// context lives as long as this object. std::invalid_argument for a bad value, std::runtime_error for what is not there.
    Context context(LogSink* log = nullptr);
    /// The same after `add_machine_to`, where threads and implementations are the subcommand's.
    void choose_machine() const;
    /// None if it was not given. std::invalid_argument for an unknown name.
    std::optional<optim::Implementation> implementation() const;
    /// The device that was asked for. Errors as for `context`.
    Device device() const;
    /// For a subcommand that can compute on a device; the others refuse any but the CPU.
    void allow_device();
    bool quiet() const { return quiet_; }
    /// A number of threads. std::invalid_argument.
    void check_threads(int threads) const;

  private:
    void choose_isa() const;
    void check_device() const;

    std::string who_;
    std::optional<int> threads_;
    std::optional<std::string> isa_;
    std::string device_ = "cpu";
    std::optional<std::string> implementation_;
    bool may_use_device_ = false;
    bool quiet_ = false;
    std::unique_ptr<ThreadExecutor> executor_;
};

}  // namespace ravine::tools
