#include "graph.h"

#include "simulated.h"

namespace ravine::testing {

void Graph::begin(CUstream_st*) { simulated::begin_capture(); }

Graph Graph::end(CUstream_st*) {
    Graph result;
    result.kept_ = std::make_shared<simulated::Graph>(simulated::end_capture());
    return result;
}

void Graph::launch(CUstream_st* stream) const { simulated::replay(*static_cast<const simulated::Graph*>(kept_.get()), stream); }

}  // namespace ravine::testing
