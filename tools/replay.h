#pragma once

namespace CLI {
class App;
}

namespace ravine::tools {

/// The subcommand `replay`: runs an optimizer over recorded gradients.
void add_replay(CLI::App& program);

}  // namespace ravine::tools
