#include "plan_row.h"

#include <algorithm>

namespace ravine::inline v0 {
namespace {

/// Bytes of each slot's tile on the stack, where layouts differ.
constexpr std::int64_t tile_bytes = 4096;

}  // namespace

Plan::Row Plan::Row::of(unsigned entry, std::span<const Tensor* const> slots, DType dtype) {
    const Tensor& first = *slots.front();
    Row row;
    row.count = first.numel();
    row.item = item_size(dtype);
    row.entry = entry;
    bool flat = true, alike = true;
    for (std::size_t s = 0; s < slots.size(); ++s) {
        row.slot[s] = const_cast<void*>(slots[s]->data());
        flat = flat && slots[s]->has_layout_of(first);
        alike = alike && slots[s]->dtype() == dtype;
    }
    if (!flat || !alike) row.tiling = std::make_unique<Tiling>();
    for (std::size_t s = 0; s < slots.size() && row.tiling != nullptr; ++s) {
        Tiling::Slot& tile = row.tiling->slot[s];
        tile.item = item_size(slots[s]->dtype());
        if (!flat) tile.cursor.emplace(slots[s]->shape(), slots[s]->strides());
        if (slots[s]->dtype() == dtype) continue;
        tile.convert = converter_of(slots[s]->dtype(), dtype);
        tile.convert_back = converter_of(dtype, slots[s]->dtype());
    }
    return row;
}

void Plan::Row::cut(std::size_t index, std::vector<kernels::Chunk>& all) {
    first_chunk = all.size();
    for (std::int64_t first = 0; first < count; first += chunk_elements) {
        kernels::Chunk chunk{};
        for (std::size_t s = 0; s < slot.size(); ++s) chunk.slot[s] = place(s, first);
        chunk.count = std::min(chunk_elements, count - first);
        chunk.entry = entry;
        chunk.row = static_cast<unsigned>(index);
        all.push_back(chunk);
    }
    chunks = all.size() - first_chunk;
}

void Plan::Row::run_tiled(const kernels::Chunk& chunk, std::size_t index, kernels::Kernel* kernel, const kernels::StepArguments& arguments,
                          unsigned writes) const {
    alignas(64) std::byte tiles[kernels::max_slots][tile_bytes];
    alignas(64) std::byte unconverted[tile_bytes];
    const std::int64_t begin = static_cast<std::int64_t>(index - first_chunk) * chunk_elements;
    std::size_t largest = item;
    for (const Tiling::Slot& how : tiling->slot) largest = std::max(largest, how.item);
    const std::int64_t most = tile_bytes / static_cast<std::int64_t>(largest);
    for (std::int64_t first = 0; first < chunk.count; first += most) {
        kernels::Chunk tile = chunk;
        tile.count = std::min(most, static_cast<std::int64_t>(chunk.count) - first);
        for (std::size_t s = 0; s < slot.size(); ++s) {
            const Tiling::Slot& how = tiling->slot[s];
            const std::byte* from = place(s, begin + first);
            tile.slot[s] = const_cast<std::byte*>(from);
            if (how.cursor) {
                std::byte* to = how.convert == nullptr ? tiles[s] : unconverted;
                how.cursor->gather(from, begin + first, tile.count, how.item, to);
                tile.slot[s] = to;
                from = to;
            }
            if (how.convert == nullptr) continue;
            how.convert(from, tiles[s], tile.count);
            tile.slot[s] = tiles[s];
        }
        kernel(&tile, 1, arguments);
        for (std::size_t s = 0; s < slot.size(); ++s) {
            const Tiling::Slot& how = tiling->slot[s];
            if ((writes >> s & 1u) == 0 || (!how.cursor && how.convert == nullptr)) continue;
            std::byte* written = tiles[s];
            if (how.convert != nullptr) {
                written = how.cursor ? unconverted : place(s, begin + first);
                how.convert_back(tiles[s], written, tile.count);
            }
            if (how.cursor) how.cursor->scatter(written, begin + first, tile.count, how.item, static_cast<std::byte*>(slot[s]));
        }
    }
}

}  // namespace ravine::inline v0
