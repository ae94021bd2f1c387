#pragma once
#include "bench_walk.h"

#include <ravine/optim/optimizer.h>

#include <vector>

namespace ravine::tools {

/// The live state of one parameter that moves with it, element by element.
std::vector<Tensor> moving_state(const optim::Optimizer& optimizer, const Parameter& parameter);

/// The reads and writes of a step over the same tensors in place, by as many threads, but without arithmetic: what memory
/// allows. Every slot is read; all but the gradient are written back unchanged.
class Stream {
  public:
    /// The optimizer must have its state. It, the parameters and the executor must outlive this object.
    Stream(const Parameters& parameters, const optim::Optimizer& optimizer, Executor& executor);

    /// One pass; `variant` is below walk_variants.
    void run(int variant) const;
    /// Bytes that a pass, or a step, reads and writes.
    std::int64_t bytes() const { return bytes_; }

  private:
    void add(const Parameter& parameter, const std::vector<Tensor>& state);
    void make_tasks();

    Executor& executor_;
    std::size_t slots_ = 2;
    std::int64_t bytes_ = 0;
    std::vector<WalkPiece> pieces_;
    std::vector<std::size_t> tasks_;  // first piece of each, and the end
};

}  // namespace ravine::tools
