#include "bench.h"

#include "bench_report.h"
#include "bench_run.h"
#include "output.h"
#include "run_options.h"
#include "spec.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace ravine::tools {
namespace {

struct BenchArguments {
    bool list = false;
    bool json = false;
    std::vector<std::string> cases = {"1x16Mi", "16x1Mi", "1000x1024", "10000x64"};
    std::vector<std::string> optimizers = {"AdamW"};
    std::vector<std::string> dtypes = {"f32"};
    std::vector<std::string> implementations = {"automatic"};
    std::vector<std::string> averages = {"none"};
    std::vector<int> threads = {1};
    double seconds = 10;
    RunOptions run;
};

/// Parts between separators that stand in no brackets.
std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (const char c : text) {
        depth += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (c == separator && depth == 0) parts.emplace_back();
        else parts.back() += c;
    }
    return parts;
}

/// `momentum=0.9`: the value is JSON.
void add_option(std::string_view text, Json& options) {
    const std::size_t sign = text.find('=');
    if (sign == std::string_view::npos) refuse("bench", "--optimizer must have options of the form key=value", ravine::quoted(text));
    const std::string_view value = text.substr(sign + 1);
    options[std::string(text.substr(0, sign))] = json_or_text(value);
}

/// `NAME[:key=value[:key=value]]`. Options that are the defaults anyway are left out.
BenchOptimizer parse_optimizer(std::string_view text) {
    const std::vector<std::string> parts = split(text, ':');
    BenchOptimizer result{std::string(optim::class_name(parts[0])), {}, Json::object()};
    check_needs_no_closure(result.name, "bench");
    Json given = Json::object();
    for (std::size_t i = 1; i < parts.size(); ++i) add_option(parts[i], given);
    Dict options;
    const auto complain = [](std::string_view what, std::string_view got) { refuse("bench", what, got); };
    for (const auto& [key, value] : given.items()) options.set(key, value_from_json(value, key, complain));
    const Dict usual = optim::make(result.name, {}).defaults(), chosen = optim::make(result.name, {}, options).defaults();
    for (const auto& [key, value] : given.items()) {
        if (chosen.at(key) == usual.at(key)) continue;
        result.options.set(key, chosen.at(key));
        result.shown[key] = value;
    }
    return result;
}

BenchRequest read_request(const BenchArguments& arguments) {
    BenchRequest request;
    if (!(arguments.seconds > 0 && arguments.seconds <= 1e6)) refuse("bench", "--seconds must be above 0 and at most 1e6", fmt::format("{}", arguments.seconds));
    request.seconds = arguments.seconds;
    for (const std::string& name : arguments.cases) request.cases.push_back(bench_case(name));
    for (const std::string& list : arguments.optimizers) {
        for (const std::string& optimizer : split(list, ',')) request.optimizers.push_back(parse_optimizer(optimizer));
    }
    for (const std::string& name : arguments.dtypes) request.dtypes.push_back(dtype_from_short_name(name, "bench"));
    for (const std::string& name : arguments.implementations) {
        request.implementations.push_back(optim::implementation_from_name(name));
    }
    request.averages.clear();
    for (const std::string& name : arguments.averages) request.averages.push_back(bench_average(name));
    request.device = arguments.run.device();
    if (request.device != Device{} && arguments.threads != std::vector{1}) {
        refuse("bench", "--threads must be 1 on a device", fmt::format("{}", fmt::join(arguments.threads, ",")));
    }
    for (const int threads : arguments.threads) {
        arguments.run.check_threads(threads);
        request.threads.push_back(threads);
    }
    return request;
}

void bench(const BenchArguments& arguments) {
    arguments.run.choose_machine();
    if (arguments.list) return write_text(arguments.json ? bench_list_json() : bench_list(), "-", "bench");
    const BenchRequest request = read_request(arguments);
    const std::vector<BenchResult> results = run_bench(request, arguments.run.quiet() ? nullptr : stderr);
    write_text(arguments.json ? bench_json(results) : bench_table(results), "-", "bench");
}

}  // namespace

void add_bench(CommandLine& program) {
    const auto arguments = std::make_shared<BenchArguments>();
    Command command = program.add_command("bench", "Measure steps beside what memory allows");
    command.flag("--list", arguments->list, "show all cases and optimizers");
    command.list("--case", arguments->cases, "lists of tensors, see --list", "NAME,...");
    command.option("--optimizer", arguments->optimizers, "classes with options: adamw,sgd:momentum=0.9:nesterov=true", "NAME,...");
    command.list("--dtype", arguments->dtypes, "f64, f32, bf16, f16", "NAME,...");
    command.list("--implementation", arguments->implementations, "automatic, for_loop, foreach, fused", "NAME,...");
    command.list("--average", arguments->averages,
                 "an exponential average of the weights beside the step, in float32 for 16-bit ones: none, in_step, apart, alone (without a step)", "NAME,...");
    command.list("--threads", arguments->threads, "numbers of threads", "N,...");
    command.option("--seconds", arguments->seconds, "time for all of it together, at least three rounds", "S");
    command.flag("--json", arguments->json, "one object a line");
    arguments->run.add_machine_to(command);
    arguments->run.allow_device();
    command.run([arguments] { bench(*arguments); });
}

}  // namespace ravine::tools
