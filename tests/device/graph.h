#pragma once
// A graph of what a stream is given, on whatever the device tests run on.

#include <memory>

struct CUstream_st;

namespace ravine::testing {

class Graph {
  public:
    /// Keeps what `stream` is given from here on, and does nothing of it.
    static void begin(CUstream_st* stream);
    static Graph end(CUstream_st* stream);
    /// Does all of it, in the order of the stream.
    void launch(CUstream_st* stream) const;

  private:
    std::shared_ptr<void> kept_;
};

}  // namespace ravine::testing
