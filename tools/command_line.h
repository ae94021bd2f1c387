#pragma once
#include <functional>
#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace ravine::tools {

/// A subcommand while its options are declared. Parsing is CLI11's, which only command_line.cpp sees: its header costs
/// more to compile than all that the subcommands say about their options.
class Command {
  public:
    explicit Command(CLI::App& app) : app_(&app) {}

    std::string name() const;
    /// An option. `names` are "--name" or "-n,--name"; a bare word is an argument by its place. `type` is what the help
    /// calls the value. T: std::string, double, the optionals of those and of int and std::int64_t, or std::vector of
    /// std::string, which takes several words. The help shows a number or a list that `value` holds already. `value` must
    /// outlive the parsing.
    template <typename T>
    void option(const char* names, T& value, const char* what, const char* type);
    /// The same, and it must be given.
    template <typename T>
    void required(const char* names, T& value, const char* what, const char* type);
    /// An option with values between commas. T: std::vector of int or std::string.
    template <typename T>
    void list(const char* names, T& values, const char* what, const char* type);
    void flag(const char* names, bool& value, const char* what);
    /// What the subcommand does once everything is parsed.
    void run(std::function<void()> body);

  private:
    CLI::App* app_;
};

/// The command line of a program with subcommands.
class CommandLine {
  public:
    CommandLine(const std::string& description, const std::string& program, const std::string& version);
    ~CommandLine();

    Command add_command(const std::string& name, const std::string& what);
    /// Parses and runs the subcommand. The exit status: 0, also where help was asked for and printed; 2 for a usage that is
    /// wrong, after a message on stderr. Whatever the subcommand throws comes out.
    int run(int argc, char** argv);
    /// Of the subcommand that was parsed last; empty before.
    std::string running() const;

  private:
    std::unique_ptr<CLI::App> app_;
};

}  // namespace ravine::tools
