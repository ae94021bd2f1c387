#include "command_line.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace ravine::tools {
namespace {

constexpr int wrong_usage = 2;

template <typename T>
constexpr bool has_default(const T&) {
    return std::is_arithmetic_v<T>;
}
template <typename T>
bool has_default(const std::vector<T>& values) {
    return !values.empty();
}

template <typename T>
CLI::Option* add(CLI::App& app, const char* names, T& value, const char* what, const char* type) {
    CLI::Option* option = app.add_option(names, value, what)->type_name(type);
    return has_default(value) ? option->capture_default_str() : option;
}

}  // namespace

std::string Command::name() const { return app_->get_name(); }

template <typename T>
void Command::option(const char* names, T& value, const char* what, const char* type) {
    add(*app_, names, value, what, type);
}

template <typename T>
void Command::required(const char* names, T& value, const char* what, const char* type) {
    add(*app_, names, value, what, type)->required();
}

template <typename T>
void Command::list(const char* names, T& values, const char* what, const char* type) {
    add(*app_, names, values, what, type)->delimiter(',');
}

template void Command::option(const char*, double&, const char*, const char*);
template void Command::option(const char*, std::string&, const char*, const char*);
template void Command::option(const char*, std::vector<std::string>&, const char*, const char*);
template void Command::option(const char*, std::optional<double>&, const char*, const char*);
template void Command::option(const char*, std::optional<int>&, const char*, const char*);
template void Command::option(const char*, std::optional<std::int64_t>&, const char*, const char*);
template void Command::option(const char*, std::optional<std::string>&, const char*, const char*);
template void Command::required(const char*, std::string&, const char*, const char*);
template void Command::list(const char*, std::vector<int>&, const char*, const char*);
template void Command::list(const char*, std::vector<std::string>&, const char*, const char*);

void Command::flag(const char* names, bool& value, const char* what) { app_->add_flag(names, value, what); }

void Command::run(std::function<void()> body) { app_->callback(std::move(body)); }

CommandLine::CommandLine(const std::string& description, const std::string& program, const std::string& version)
    : app_(std::make_unique<CLI::App>(description, program)) {
    app_->set_version_flag("--version", program + " " + version, "Print the version and exit");
    app_->require_subcommand(1);
    app_->failure_message(CLI::FailureMessage::simple);
}

CommandLine::~CommandLine() = default;

Command CommandLine::add_command(const std::string& name, const std::string& what) { return Command(*app_->add_subcommand(name, what)); }

int CommandLine::run(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app_->exit(error) == 0 ? 0 : wrong_usage;
    }
    return 0;
}

std::string CommandLine::running() const {
    const auto parsed = app_->get_subcommands();
    return parsed.empty() ? std::string() : parsed[0]->get_name();
}

}  // namespace ravine::tools
