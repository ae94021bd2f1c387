#include <ravine/runtime/plan.h>

#include "convert.h"
#include "device_table.h"
#include "floating_point.h"
#include "strided.h"

#include <algorithm>
#include <array>
#include <optional>

namespace ravine::inline v0 {
namespace {

/// Elements of a chunk: large enough that its overhead vanishes, small enough to balance a few threads.
constexpr std::int64_t chunk_elements = 16384;
/// What a chunk costs besides its elements, in elements.
constexpr std::int64_t chunk_overhead = 64;
constexpr std::int64_t task_elements = 8192;
constexpr int tasks_per_thread = 8;
/// Bytes of each slot's tile on the stack, where layouts differ.
constexpr std::int64_t tile_bytes = 4096;

}  // namespace

/// How a slot gets into a tile.
struct Plan::Tiling {
    struct Slot {
        std::optional<StridedCursor> cursor;  ///< where the layouts differ: how to walk it
        Converter* convert = nullptr;         ///< where its dtype is not that of the first slot
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
    /// Only where layouts or dtypes differ.
    std::unique_ptr<Tiling> tiling;
    /// Only on a device, until the plan is sealed: the tensors.
    std::vector<Tensor> tensors = {};

    /// Where a slot's elements from number `first` on begin; the first element of what has to be walked.
    std::byte* place(std::size_t s, std::int64_t first) const noexcept {
        auto* start = static_cast<std::byte*>(slot[s]);
        if (start == nullptr || (tiling != nullptr && tiling->slot[s].cursor)) return start;
        return start + first * static_cast<std::int64_t>(tiling == nullptr ? item : tiling->slot[s].item);
    }
};

struct Plan::DeviceEntry {
    unsigned entry;
    DeviceTable table;
};

Plan::Plan() noexcept = default;
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::clear() noexcept {
    rows_.clear();
    entries_.clear();
    chunks_.clear();
    runs_.clear();
    tasks_.clear();
    device_entries_.clear();
}

unsigned Plan::add_entry(const PlanEntry& entry) {
    entries_.push_back(entry);
    return static_cast<unsigned>(entries_.size() - 1);
}

std::size_t Plan::add_row(unsigned entry, std::span<const Tensor* const> slots) {
    const Tensor& first = *slots.front();
    if (is_complex(first.dtype())) {
        Tensor parts[kernels::max_slots];
        const Tensor* seen[kernels::max_slots] = {};
        for (std::size_t s = 0; s < slots.size(); ++s) seen[s] = &(parts[s] = slots[s]->view_as_real());
        return add_row(entry, std::span(seen, slots.size()));
    }
    Row row;
    row.count = first.numel();
    row.item = item_size(first.dtype());
    row.entry = entry;
    if (entries_[entry].device.type != DeviceType::cpu) {
        for (const Tensor* tensor : slots) row.tensors.push_back(*tensor);
        rows_.push_back(std::move(row));
        return rows_.size() - 1;
    }
    bool flat = true, alike = true;
    for (std::size_t s = 0; s < slots.size(); ++s) {
        row.slot[s] = const_cast<void*>(slots[s]->data());
        flat = flat && slots[s]->has_layout_of(first);
        alike = alike && slots[s]->dtype() == first.dtype();
    }
    if (!flat || !alike) row.tiling = std::make_unique<Tiling>();
    for (std::size_t s = 0; s < slots.size() && row.tiling != nullptr; ++s) {
        Tiling::Slot& tile = row.tiling->slot[s];
        tile.item = item_size(slots[s]->dtype());
        if (!flat) tile.cursor.emplace(slots[s]->shape(), slots[s]->strides());
        if (slots[s]->dtype() != first.dtype()) tile.convert = converter_of(slots[s]->dtype(), first.dtype());
    }
    rows_.push_back(std::move(row));
    return rows_.size() - 1;
}

void Plan::cut(std::size_t index) {
    Row& row = rows_[index];
    row.first_chunk = chunks_.size();
    for (std::int64_t first = 0; first < row.count; first += chunk_elements) {
        kernels::Chunk chunk{};
        for (std::size_t s = 0; s < row.slot.size(); ++s) chunk.slot[s] = row.place(s, first);
        chunk.count = std::min(chunk_elements, row.count - first);
        chunk.entry = row.entry;
        chunk.row = static_cast<unsigned>(index);
        chunks_.push_back(chunk);
    }
    row.chunks = chunks_.size() - row.first_chunk;
}

void Plan::seal(int concurrency, const Context& context) {
    chunks_.clear();
    runs_.clear();
    tasks_.clear();
    device_entries_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i].tensors.empty()) cut(i);
        else add_to_table(rows_[i], context);
    }
    for (DeviceEntry& on_device : device_entries_) on_device.table.seal();
    make_tasks(concurrency);
}

Plan::DeviceEntry& Plan::device_entry(unsigned entry) noexcept {
    return *std::find_if(device_entries_.begin(), device_entries_.end(), [&](const DeviceEntry& known) { return known.entry == entry; });
}

/// `first_chunk` of such a row is its number in the table.
void Plan::add_to_table(Row& row, const Context& context) {
    const bool is_new = std::none_of(device_entries_.begin(), device_entries_.end(), [&](const DeviceEntry& known) { return known.entry == row.entry; });
    if (is_new) device_entries_.push_back({row.entry, DeviceTable(entries_[row.entry].device, context)});
    std::array<const Tensor*, kernels::max_slots> slots{};
    for (std::size_t s = 0; s < row.tensors.size(); ++s) slots[s] = &row.tensors[s];
    row.first_chunk = device_entry(row.entry).table.add_row(std::span(slots).first(row.tensors.size()));
}

/// Contiguous parts of about equal cost; a run is a stretch of chunks for one kernel call and ends with its task.
void Plan::make_tasks(int concurrency) {
    std::int64_t elements = 0, total = 0;
    if (chunks_.empty()) return;
    for (const kernels::Chunk& chunk : chunks_) {
        elements += chunk.count;
        total += chunk.count + chunk_overhead;
    }
    std::int64_t tasks = 1;
    if (concurrency > 1 && elements >= serial_elements) {
        tasks = std::clamp<std::int64_t>(total / task_elements, 1, std::int64_t{tasks_per_thread} * concurrency);
    }
    std::int64_t cost = 0;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const bool tiled = rows_[chunks_[i].row].tiling != nullptr;
        const bool new_task = cost >= total * static_cast<std::int64_t>(tasks_.size()) / tasks;
        if (new_task) tasks_.push_back(runs_.size());
        if (new_task || runs_.back().entry != chunks_[i].entry || runs_.back().tiled != tiled) {
            runs_.push_back({i, i, chunks_[i].entry, tiled});
        }
        runs_.back().last = i + 1;
        cost += chunks_[i].count + chunk_overhead;
    }
    tasks_.push_back(runs_.size());
}

void Plan::move_slot(std::size_t index, int slot, const Tensor& tensor) {
    Row& row = rows_[index];
    if (!row.tensors.empty()) {
        DeviceTable& table = device_entry(row.entry).table;
        if (is_complex(tensor.dtype())) return table.move_slot(row.first_chunk, slot, tensor.view_as_real());
        return table.move_slot(row.first_chunk, slot, tensor);
    }
    const auto s = static_cast<std::size_t>(slot);
    row.slot[s] = const_cast<void*>(tensor.data());
    for (std::size_t i = 0; i < row.chunks; ++i) {
        chunks_[row.first_chunk + i].slot[slot] = row.place(s, static_cast<std::int64_t>(i) * chunk_elements);
    }
}

void Plan::run_tiled(const kernels::Chunk& chunk, std::size_t index, const PlanEntry& entry) const {
    const Row& row = rows_[chunk.row];
    alignas(64) std::byte tiles[kernels::max_slots][tile_bytes];
    alignas(64) std::byte unconverted[tile_bytes];
    const std::int64_t begin = static_cast<std::int64_t>(index - row.first_chunk) * chunk_elements;
    std::size_t largest = row.item;
    for (const Tiling::Slot& slot : row.tiling->slot) largest = std::max(largest, slot.item);
    const std::int64_t most = tile_bytes / static_cast<std::int64_t>(largest);
    for (std::int64_t first = 0; first < chunk.count; first += most) {
        kernels::Chunk tile = chunk;
        tile.count = std::min(most, static_cast<std::int64_t>(chunk.count) - first);
        for (std::size_t s = 0; s < row.slot.size(); ++s) {
            const Tiling::Slot& slot = row.tiling->slot[s];
            const std::byte* from = row.place(s, begin + first);
            tile.slot[s] = const_cast<std::byte*>(from);
            if (slot.cursor) {
                std::byte* to = slot.convert == nullptr ? tiles[s] : unconverted;
                slot.cursor->gather(from, begin + first, tile.count, slot.item, to);
                tile.slot[s] = to;
                from = to;
            }
            if (slot.convert == nullptr) continue;
            slot.convert(from, tiles[s], tile.count);
            tile.slot[s] = tiles[s];
        }
        entry.kernel(&tile, 1, entry.arguments);
        for (std::size_t s = 0; s < row.slot.size(); ++s) {
            const Tiling::Slot& slot = row.tiling->slot[s];
            if (!slot.cursor || (entry.writes >> s & 1u) == 0) continue;
            slot.cursor->scatter(tiles[s], begin + first, tile.count, slot.item, static_cast<std::byte*>(row.slot[s]));
        }
    }
}

void Plan::run_task(std::size_t task) const {
    const DefaultFloatingPoint mode;
    for (std::size_t r = tasks_[task]; r < tasks_[task + 1]; ++r) {
        const Run& run = runs_[r];
        const PlanEntry& entry = entries_[run.entry];
        if (!run.tiled) {
            entry.kernel(&chunks_[run.first], run.last - run.first, entry.arguments);
            continue;
        }
        for (std::size_t i = run.first; i < run.last; ++i) run_tiled(chunks_[i], i, entry);
    }
}

void Plan::send(unsigned entry) {
    for (DeviceEntry& on_device : device_entries_) {
        if (on_device.entry == entry) on_device.table.send(entries_[entry]);
    }
}

void Plan::run(Executor& executor) {
    for (DeviceEntry& on_device : device_entries_) on_device.table.prepare(entries_[on_device.entry]);
    for (DeviceEntry& on_device : device_entries_) on_device.table.run(entries_[on_device.entry]);
    const std::size_t tasks = tasks_.empty() ? 0 : tasks_.size() - 1;
    if (tasks == 1) run_task(0);
    else if (tasks > 1) executor.parallel_for(tasks, [this](std::size_t task) { run_task(task); });
}

}  // namespace ravine::inline v0
