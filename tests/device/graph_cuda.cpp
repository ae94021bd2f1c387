#include "graph.h"

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace ravine::testing {
namespace {

void check(cudaError_t error, const char* call) {
    if (error != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(error));
}

}  // namespace

void Graph::begin(CUstream_st* stream) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

Graph Graph::end(CUstream_st* stream) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    cudaGraphExec_t executable = nullptr;
    check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
    check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    Graph result;
    result.kept_ = std::shared_ptr<void>(executable, [](void* kept) { (void)cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(kept)); });
    return result;
}

void Graph::launch(CUstream_st* stream) const { check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(kept_.get()), stream), "cudaGraphLaunch"); }

}  // namespace ravine::testing
