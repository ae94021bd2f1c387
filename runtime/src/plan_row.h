#pragma once
#include "convert.h"
#include "strided.h"

#include <ravine/runtime/plan.h>

#include <array>
#include <optional>

namespace ravine::inline v0 {

/// Elements of a chunk: large enough that its overhead vanishes, small enough to balance a few threads.
inline constexpr std::int64_t chunk_elements = 16384;

/// How a slot gets into a tile.
struct Plan::Tiling {
    struct Slot {
        std::optional<StridedCursor> cursor;  ///< where the layouts differ: how to walk it
        Converter* convert = nullptr;         ///< where its dtype is not the row's
        Converter* convert_back = nullptr;
        std::size_t item = 0;
    };
    std::array<Slot, kernels::max_slots> slot;
};

struct Plan::Row {
    std::array<void*, kernels::max_slots> slot{};
    std::int64_t count = 0;
    std::size_t item = 0;
    unsigned entry = 0;
    std::size_t first_chunk = 0, chunks = 0;
    std::size_t average = no_average;
    static constexpr std::size_t no_average = static_cast<std::size_t>(-1);
    /// Only where layouts or dtypes differ.
    std::unique_ptr<Tiling> tiling;
    /// Only on a device, until the plan is sealed: the tensors.
    std::vector<Tensor> tensors = {};
    Tensor average_tensor = {};

    /// Where a slot's elements from number `first` on begin; the first element of what has to be walked.
    std::byte* place(std::size_t s, std::int64_t first) const noexcept {
        auto* start = static_cast<std::byte*>(slot[s]);
        if (start == nullptr || (tiling != nullptr && tiling->slot[s].cursor)) return start;
        return start + first * static_cast<std::int64_t>(tiling == nullptr ? item : tiling->slot[s].item);
    }
    Walk walk() const noexcept { return tiling == nullptr ? Walk::flat : Walk::tiled; }
    /// Of tensors on the host. Of others, that are never walked, only count and entry are said.
    static Row of(unsigned entry, std::span<const Tensor* const> slots, DType dtype);
    void cut(std::size_t index, std::vector<kernels::Chunk>& chunks);
    /// Chunk number `index` of all, by tiles.
    void run_tiled(const kernels::Chunk& chunk, std::size_t index, kernels::Kernel* kernel, const kernels::StepArguments& arguments,
                   unsigned writes) const;
};

}  // namespace ravine::inline v0
