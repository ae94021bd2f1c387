#pragma once
namespace CLI {
class App;
}

namespace ravine::tools {

/// `ravine train`: a multilayer perceptron on real data.
void add_train(CLI::App& program);

}  // namespace ravine::tools
