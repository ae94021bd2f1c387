#include "simulated.h"

#include "driver.h"
#include "simulated_product.h"

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

/// A stream: work that was not done yet.
struct CUstream_st {
    std::deque<std::function<void()>> work;

    void finish() {
        while (!work.empty()) {
            const auto next = std::move(work.front());
            work.pop_front();
            next();
        }
    }
};

namespace {

struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t bytes;
    int device;  ///< -1: pinned
};

struct World {
    CUstream_st default_stream[simulated::devices];
    std::map<const std::byte*, Block> blocks;
    std::size_t memory = std::size_t{1} << 30, used = 0;
    int current = 0, failure = 0;
    bool capturing = false;
    CUstream_st captured;
    simulated::Counts counts;

    CUstream_st& stream(CUstream_st* given, int device) {
        if (capturing) return captured;
        return given != nullptr ? *given : default_stream[device];
    }
    void must_not_capture(const char* call) const {
        if (capturing) throw std::runtime_error(std::string(call) + ": not permitted when a stream is capturing");
    }
    const Block* find(const void* address) const {
        const auto* at = static_cast<const std::byte*>(address);
        auto next = blocks.upper_bound(at);
        if (next == blocks.begin()) return nullptr;
        --next;
        return at < next->first + std::max<std::size_t>(next->second.bytes, 1) ? &next->second : nullptr;
    }
};

World& world() {
    static World one;
    return one;
}

void* allocate_block(std::size_t bytes, int device) {
    World& w = world();
    if (device >= 0 && w.used + bytes > w.memory) throw std::bad_alloc();
    if (device >= 0) w.used += bytes;
    // 256 bytes more: what CUDA gives is aligned to that.
    auto memory = std::make_unique<std::byte[]>(bytes + 256);
    void* start = memory.get();
    std::size_t room = bytes + 256;
    std::align(256, bytes, start, room);
    std::memset(start, 0xcd, bytes);
    w.blocks.emplace(static_cast<const std::byte*>(start), Block{std::move(memory), bytes, device});
    return start;
}

void free_block(void* memory) {
    World& w = world();
    const auto found = w.blocks.find(static_cast<const std::byte*>(memory));
    if (found->second.device >= 0) w.used -= found->second.bytes;
    w.blocks.erase(found);
}

struct SimulatedEvent {
    bool recorded = false, done = true;
    CUstream_st* stream = nullptr;
};
/// An event's mark outlives the event, like CUDA's.
using Mark = std::shared_ptr<SimulatedEvent>;
Mark& mark(void* event) { return *static_cast<Mark*>(event); }

class SimulatedDriver final : public ravine::Driver {
  public:
    std::string problem() noexcept override { return {}; }
    int device_count() noexcept override { return simulated::devices; }
    std::string device_name(int device) override { return "simulated device " + std::to_string(device); }
    int multiprocessors(int) override { return 4; }
    std::size_t free_memory(int) override { return world().memory - world().used; }

    void* allocate(std::size_t bytes, int device, CUstream_st*) override {
        world().must_not_capture("allocate");
        return allocate_block(bytes, device);
    }
    void deallocate(void* memory, int device, CUstream_st* stream) noexcept override {
        world().stream(stream, device).work.emplace_back([memory] { free_block(memory); });
    }
    void* allocate_pinned(std::size_t bytes) override { return allocate_block(bytes, -1); }
    void deallocate_pinned(void* memory) noexcept override { free_block(memory); }

    void copy(void* to, const void* from, std::size_t bytes, int device, CUstream_st* stream) override {
        World& w = world();
        ++w.counts.copies;
        w.counts.copied_bytes += bytes;
        if (w.find(from) != nullptr) {
            w.stream(stream, device).work.emplace_back([=] { std::memcpy(to, from, bytes); });
        } else {
            // Pageable memory is taken before the call returns.
            w.must_not_capture("copy");
            const auto* first = static_cast<const std::byte*>(from);
            w.stream(stream, device).work.emplace_back([to, taken = std::vector<std::byte>(first, first + bytes)] {
                if (!taken.empty()) std::memcpy(to, taken.data(), taken.size());
            });
        }
    }
    void zero(void* to, std::size_t bytes, int device, CUstream_st* stream) override {
        world().stream(stream, device).work.emplace_back([=] { std::memset(to, 0, bytes); });
    }
    bool is_foreign(const void* memory, int device) noexcept override {
        const Block* block = world().find(memory);
        return block == nullptr || (block->device >= 0 && block->device != device);
    }

    CUstream_st* make_stream(int) override { return new CUstream_st; }
    void destroy_stream(CUstream_st* stream, int) noexcept override {
        stream->finish();
        delete stream;
    }
    bool is_capturing(int, CUstream_st*) override { return world().capturing; }
    void synchronize(int device, CUstream_st* stream) override {
        world().must_not_capture("synchronize");
        ++world().counts.waits;
        world().stream(stream, device).finish();
    }
    void* make_event(int) override { return new Mark(std::make_shared<SimulatedEvent>()); }
    void destroy_event(void* event, int) noexcept override { delete &mark(event); }
    void record(void* event, int device, CUstream_st* stream) override {
        CUstream_st& on = world().stream(stream, device);
        mark(event) = std::make_shared<SimulatedEvent>(SimulatedEvent{true, false, &on});
        on.work.emplace_back([one = mark(event)] { one->done = true; });
    }
    bool is_done(void* event, int) override { return mark(event)->done; }
    void hold(CUstream_st* stream, void* event, int device) override {
        world().stream(stream, device).work.emplace_back([one = mark(event)] {
            if (!one->done) one->stream->finish();
        });
    }
    void wait_for(void* event, int) override {
        ++world().counts.waits;
        if (!mark(event)->done) mark(event)->stream->finish();
    }

    void start(ravine::function_ref<int()> launch, std::string_view who, int device) override {
        World& w = world();
        w.current = device;
        ++w.counts.launches;
        const int code = launch();
        if (code != 0) throw std::runtime_error(std::string(who) + ": simulated failure " + std::to_string(code));
    }
    void multiply(const ravine::Product& product, int device, CUstream_st* stream) override {
        if (world().failure != 0) throw std::runtime_error("gemm: simulated failure " + std::to_string(world().failure));
        world().stream(stream, device).work.emplace_back([product] { simulated::multiply_on_host(product); });
    }
};

}  // namespace

namespace simulated {

void enqueue(CUstream_st* stream, std::function<void()> work) { world().stream(stream, world().current).work.push_back(std::move(work)); }
void set_memory(std::size_t bytes) { world().memory = bytes; }
std::size_t used_memory() {
    for (CUstream_st& stream : world().default_stream) stream.finish();
    return world().used;
}
void set_failure(int code) { world().failure = code; }
int failure() { return world().failure; }
Counts counts() { return world().counts; }
void reset_counts() { world().counts = {}; }
void begin_capture() { world().capturing = true; }
Graph end_capture() {
    World& w = world();
    w.capturing = false;
    Graph graph(w.captured.work.begin(), w.captured.work.end());
    w.captured.work.clear();
    return graph;
}
void replay(const Graph& graph, CUstream_st* stream) {
    for (const auto& work : graph) enqueue(stream, work);
}

}  // namespace simulated

ravine::Driver& ravine::driver() noexcept {
    static SimulatedDriver one;
    return one;
}
