#pragma once

namespace CLI {
class App;
}

namespace ravine::tools {

/// The subcommand `schedule`: the lr of every step of a learning-rate schedule as CSV.
void add_schedule(CLI::App& program);

}  // namespace ravine::tools
