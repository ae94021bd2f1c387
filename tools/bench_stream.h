#pragma once
#include "bench_walk.h"

#include <ravine/optim/optimizer.h>

#include <vector>

namespace ravine::tools {

/// The live state of one parameter that moves with it, element by element.
std::vector<Tensor> moving_state(const optim::Optimizer& optimizer, const Parameter& parameter);

/// What a pass over one parameter reads, and writes but for `read_only`: runs of as many bytes.
struct StreamRow {
    std::vector<Tensor> written;
    Tensor read_only;
};

/// The reads and writes of a step, but without arithmetic: what memory allows. On the CPU it goes over the same tensors in
/// place, by as many threads: every tensor is read; all but one (the gradient) are written back unchanged. On a device it copies as
/// many bytes as a step moves between two blocks that together are as large as the tensors, and does not wait.
class Stream {
  public:
    /// The tensors and the executor must outlive this object. Not empty.
    Stream(const std::vector<StreamRow>& rows, const Context& context);

    /// How many ways there are to do it.
    int variants() const { return copies_.empty() ? walk_variants : 1; }
    /// One pass; `variant` is below variants().
    void run(int variant) const;
    /// Bytes that a pass, or a step, reads and writes.
    std::int64_t bytes() const { return bytes_; }

  private:
    struct Copy {
        Tensor to, from;
    };
    void add_walk(const StreamRow& row);
    void make_tasks();
    void make_copies(Device device);
    static std::size_t slots_of(const WalkPiece& piece);

    Context context_;
    std::int64_t bytes_ = 0;
    std::int64_t tensor_bytes_ = 0;
    std::vector<WalkPiece> pieces_;
    std::vector<std::size_t> tasks_;  // first piece of each, all of as many slots, and the end
    Copy blocks_;                      // on a device
    std::vector<Copy> copies_;         // views of them
};

}  // namespace ravine::tools
