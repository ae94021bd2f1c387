#include <ravine/runtime/plan.h>

#include "device_table.h"
#include "floating_point.h"
#include "plan_row.h"

#include <ravine/kernels/rules/average.h>

#include <algorithm>
#include <array>

namespace ravine::inline v0 {
namespace {

/// What a chunk costs besides its elements, in elements.
constexpr std::int64_t chunk_overhead = 64;
constexpr std::int64_t task_elements = 8192;
constexpr int tasks_per_thread = 8;

}  // namespace

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
    averages_.clear();
    entries_.clear();
    chunks_.clear();
    average_chunks_.clear();
    runs_.clear();
    tasks_.clear();
    device_entries_.clear();
}

unsigned Plan::add_entry(const PlanEntry& entry) {
    entries_.push_back(entry);
    return static_cast<unsigned>(entries_.size() - 1);
}

std::size_t Plan::add_row(unsigned entry, std::span<const Tensor* const> slots, const Tensor* average) {
    const Tensor& first = *slots.front();
    if (is_complex(first.dtype())) {
        Tensor parts[kernels::max_slots], average_parts;
        const Tensor* seen[kernels::max_slots] = {};
        for (std::size_t s = 0; s < slots.size(); ++s) seen[s] = &(parts[s] = slots[s]->view_as_real());
        if (average != nullptr) average_parts = average->view_as_real();
        return add_row(entry, std::span(seen, slots.size()), average == nullptr ? nullptr : &average_parts);
    }
    Row row = Row::of(entry, slots, entries_[entry].dtype.value_or(first.dtype()));
    if (entries_[entry].device.type != DeviceType::cpu) {
        for (const Tensor* tensor : slots) row.tensors.push_back(*tensor);
        if (average != nullptr) row.average_tensor = *average;
    } else if (average != nullptr) {
        const Tensor* pair[kernels::AverageSlots::slots] = {average, &first};
        row.average = averages_.size();
        averages_.push_back(Row::of(entry, pair, average->dtype()));
    }
    rows_.push_back(std::move(row));
    return rows_.size() - 1;
}

void Plan::seal(int concurrency, const Context& context) {
    chunks_.clear();
    average_chunks_.clear();
    runs_.clear();
    tasks_.clear();
    device_entries_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        Row& row = rows_[i];
        if (row.tensors.empty()) row.cut(i, chunks_);
        else add_to_table(row, context);
        if (row.average != Row::no_average) averages_[row.average].cut(row.average, average_chunks_);
        else if (!averages_.empty()) average_chunks_.resize(chunks_.size());
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
    const Tensor* average = row.average_tensor.defined() ? &row.average_tensor : nullptr;
    row.first_chunk = device_entry(row.entry).table.add_row(std::span(slots).first(row.tensors.size()), average);
}

Plan::Walk Plan::walk_of_average(const Row& row) const noexcept {
    return row.average == Row::no_average ? Walk::none : averages_[row.average].walk();
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
    std::int64_t cost = 0, run_elements = 0;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const kernels::Chunk& chunk = chunks_[i];
        const Row& row = rows_[chunk.row];
        const Run one = {i, i + 1, chunk.entry, row.walk(), walk_of_average(row)};
        const bool new_task = cost >= total * static_cast<std::int64_t>(tasks_.size()) / tasks;
        if (new_task) tasks_.push_back(runs_.size());
        const bool joins = !new_task && runs_.back().entry == one.entry && runs_.back().walk == one.walk && runs_.back().average == one.average;
        // Averages come when a run is done, while its parameters are in cache.
        const bool fits = one.average == Walk::none || run_elements + chunk.count <= chunk_elements;
        if (joins && fits) runs_.back().last = i + 1;
        else runs_.push_back(one);
        run_elements = (joins && fits ? run_elements : 0) + chunk.count;
        cost += chunk.count + chunk_overhead;
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
    const auto move = [&](Row& moved, std::vector<kernels::Chunk>& chunks, std::size_t s) {
        moved.slot[s] = const_cast<void*>(tensor.data());
        for (std::size_t i = 0; i < moved.chunks; ++i) {
            chunks[moved.first_chunk + i].slot[s] = moved.place(s, static_cast<std::int64_t>(i) * chunk_elements);
        }
    };
    move(row, chunks_, static_cast<std::size_t>(slot));
    const bool is_averaged = slot == kernels::param_slot && row.average != Row::no_average;
    if (is_averaged) move(averages_[row.average], average_chunks_, kernels::AverageSlots::current);
}

void Plan::run_part(const Run& run, const PlanEntry& entry) const {
    if (run.walk == Walk::flat) return entry.kernel(&chunks_[run.first], run.last - run.first, entry.arguments);
    for (std::size_t i = run.first; i < run.last; ++i) rows_[chunks_[i].row].run_tiled(chunks_[i], i, entry.kernel, entry.arguments, entry.writes);
}

void Plan::run_averages(const Run& run, const EntryAverage& average) const {
    if (run.average == Walk::flat) return average.kernel(&average_chunks_[run.first], run.last - run.first, average.arguments);
    for (std::size_t i = run.first; i < run.last; ++i) {
        const kernels::Chunk& chunk = average_chunks_[i];
        averages_[chunk.row].run_tiled(chunk, i, average.kernel, average.arguments, kernels::AverageSlots::writes);
    }
}

void Plan::run_task(std::size_t task) const {
    const DefaultFloatingPoint mode;
    for (std::size_t r = tasks_[task]; r < tasks_[task + 1]; ++r) {
        const Run& run = runs_[r];
        const PlanEntry& entry = entries_[run.entry];
        run_part(run, entry);
        if (entry.average.moves && run.average != Walk::none) run_averages(run, entry.average);
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
