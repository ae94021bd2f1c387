#pragma once

namespace CLI {
class App;
}

namespace ravine::tools {

/// The subcommand `bench`: how long a step takes, beside what memory allows.
void add_bench(CLI::App& program);

}  // namespace ravine::tools
