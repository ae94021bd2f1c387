#pragma once

namespace CLI {
class App;
}

namespace ravine::tools {

/// The subcommand `inspect`: what is in a checkpoint.
void add_inspect(CLI::App& program);

}  // namespace ravine::tools
