#pragma once
#include "bench_run.h"
#include "bench_stream.h"

#include <ravine/swa/averaged_model.h>

#include <optional>

namespace ravine::tools {

/// What a combination times: a step of an optimizer, an update of an average, or both.
class BenchStep {
  public:
    BenchStep(const BenchOptimizer& optimizer, const Parameters& parameters, optim::Implementation implementation, BenchAverage average,
              const Context& context);

    void run();
    /// What it reads and writes, after a first run. std::invalid_argument for more tensors than a stream has.
    std::vector<StreamRow> rows() const;

  private:
    Parameters parameters_;
    BenchAverage mode_;
    optim::Optimizer optimizer_;
    std::optional<swa::AveragedModel> average_;
};

}  // namespace ravine::tools
