#include "driver.h"

#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr const char* reason = "this ravine was built without CUDA (option cuda)";

[[noreturn]] void refuse() { throw std::runtime_error(reason); }

class NoDriver final : public Driver {
  public:
    std::string problem() noexcept override { return reason; }
    int device_count() noexcept override { return 0; }
    std::string device_name(int) override { refuse(); }
    int multiprocessors(int) override { refuse(); }
    std::size_t free_memory(int) override { refuse(); }
    void* allocate(std::size_t, int, CUstream_st*) override { refuse(); }
    void deallocate(void*, int, CUstream_st*) noexcept override {}
    void* allocate_pinned(std::size_t) override { refuse(); }
    void deallocate_pinned(void*) noexcept override {}
    void copy(void*, const void*, std::size_t, int, CUstream_st*) override { refuse(); }
    void zero(void*, std::size_t, int, CUstream_st*) override { refuse(); }
    bool is_foreign(const void*, int) noexcept override { return false; }
    CUstream_st* make_stream(int) override { refuse(); }
    void destroy_stream(CUstream_st*, int) noexcept override {}
    bool is_capturing(int, CUstream_st*) override { refuse(); }
    void synchronize(int, CUstream_st*) override { refuse(); }
    void* make_event(int) override { refuse(); }
    void destroy_event(void*, int) noexcept override {}
    void record(void*, int, CUstream_st*) override { refuse(); }
    bool is_done(void*, int) override { refuse(); }
    void hold(CUstream_st*, void*, int) override { refuse(); }
    void wait_for(void*, int) override { refuse(); }
    void start(function_ref<int()>, std::string_view, int) override { refuse(); }
    void multiply(const Product&, int, CUstream_st*) override { refuse(); }
};

}  // namespace

Driver& driver() noexcept {
    static NoDriver none;
    return none;
}

}  // namespace ravine::inline v0
