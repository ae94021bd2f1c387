#include "device_table.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// Rows below this are one to a warp.
constexpr std::int64_t small_elements = 1024;
/// Elements of a block's piece: the most that keep every multiprocessor busy several times over, within these.
constexpr std::int64_t least_piece = 2048, most_piece = 16384;
constexpr std::int64_t pieces_per_multiprocessor = 16;
/// Temporaries begin rows at multiples of a vector load.
constexpr long long place_bytes = 16;

std::int64_t piece_elements(std::int64_t total, int multiprocessors) {
    std::int64_t piece = most_piece;
    while (piece > least_piece && total / piece < pieces_per_multiprocessor * multiprocessors) piece /= 2;
    return piece;
}

/// Columns of the table as the addresses that a Tile hands around; never null.
void* column_address(int column) noexcept { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(column) + 1); }
/// Stands for term number i of a step whose scalars the device makes: nothing that a rule hands to an operation otherwise.
constexpr double least_mark = 0x1p-1000;
double mark_of(int term) noexcept { return least_mark * (term + 1); }
/// -1 for a number that is none.
int marked_term(double value) noexcept {
    const double term = value / least_mark - 1;
    return term >= 0 && term < kernels::max_terms ? static_cast<int>(term) : -1;
}

unsigned char column_of(const void* address) noexcept { return static_cast<unsigned char>(reinterpret_cast<std::uintptr_t>(address) - 1); }

}  // namespace

/// A rule's passes: counted in a first run, started in a second.
struct DeviceTable::ListRun {
    const DeviceTable* table;
    const PlanEntry* entry;
    bool starts;
    int temporaries = 0;        ///< that were used
    std::exception_ptr failure = nullptr;

    static void run(void* self, const kernels::PassCall& call) noexcept { static_cast<ListRun*>(self)->pass(call); }
    void pass(const kernels::PassCall& call) noexcept {
        const int out = column_of(call.out);
        temporaries = std::max(temporaries, out - kernels::max_slots + 1);
        if (!starts || failure) return;
        kernels::Launch launch = table->basic_launch(*entry);
        // Only the unscaling, the first pass, writes the gradient.
        const bool unscales = out == kernels::grad_slot;
        if (!unscales) launch.grad_scale = nullptr;
        launch.arguments = {};
        for (int i = 0; i < 2; ++i) {
            launch.arguments.terms[i] = call.scalars[i];
            const int term = launch.made != nullptr ? marked_term(call.scalars[i]) : -1;
            if (term >= 0) launch.scalars[i] = &launch.made->terms[term];
        }
        launch.columns[0] = static_cast<unsigned char>(out);
        for (int i = 0; i < kernels::passes::inputs(call.pass); ++i) launch.columns[i + 1] = column_of(call.in[i]);
        try {
            table->launch(entry->device_passes[static_cast<int>(call.pass)], launch, "foreach");
        } catch (...) {
            failure = std::current_exception();
        }
    }
};

DeviceTable::DeviceTable(Device device, const Context& context) : device_(device), context_(context) {}

Tensor DeviceTable::device_bytes(std::size_t bytes) const {
    return empty({static_cast<std::int64_t>(bytes)}, DType::u8, device_, context_);
}

std::size_t DeviceTable::add_row(std::span<const Tensor* const> slots, const Tensor* average) {
    const Tensor& first = *slots.front();
    item_ = item_size(first.dtype());
    kernels::Chunk row{};
    row.count = first.numel();
    const bool alike = std::all_of(slots.begin(), slots.end(), [&](const Tensor* tensor) { return tensor->has_layout_of(first); });
    const bool flat = alike && (average == nullptr || average->has_layout_of(first));
    for (std::size_t s = 0; s < slots.size(); ++s) set_slot(row, static_cast<int>(s), *slots[s], flat);
    if (average != nullptr) set_slot(row, kernels::average_slot, *average, flat);
    rows_.push_back(row);
    return rows_.size() - 1;
}

/// Of the row that comes next.
void DeviceTable::set_slot(kernels::Chunk& row, int slot, const Tensor& tensor, bool flat) {
    row.slot[slot] = const_cast<void*>(tensor.data());
    if (flat || tensor.is_contiguous()) return;
    staged_.push_back({rows_.size(), slot, tensor, empty(tensor.shape(), tensor.dtype(), device_, context_)});
    row.slot[slot] = staged_.back().flat.mutable_data();
}

void DeviceTable::seal() {
    std::int64_t total = 0;
    for (const kernels::Chunk& row : rows_) total += row.count;
    const std::int64_t piece = piece_elements(total, driver().multiprocessors(device_.index));
    const long long alignment = place_bytes / static_cast<long long>(std::min<std::size_t>(item_, 16));
    work_.clear();
    places_.clear();
    place_end_ = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const auto row = static_cast<unsigned>(i);
        const std::int64_t count = rows_[i].count;
        places_.push_back(place_end_);
        place_end_ += (count + alignment - 1) / alignment * alignment;
        if (count == 0) continue;
        if (count >= small_elements) {
            for (std::int64_t first = 0; first < count; first += piece) work_.push_back({first, row, static_cast<int>(std::min(piece, count - first))});
            continue;
        }
        // A block's small rows are neighbours in the table.
        const bool joins = !work_.empty() && work_.back().size < 0 && work_.back().size > -kernels::block_warps &&
                           work_.back().row + static_cast<unsigned>(-work_.back().size) == row;
        if (joins) --work_.back().size;
        else work_.push_back({0, row, -1});
    }
    const std::size_t bytes = rows_.size() * sizeof(kernels::Chunk) + work_.size() * sizeof(kernels::Work) + places_.size() * sizeof(long long);
    if (!work_.empty()) table_ = device_bytes(bytes);
    is_new_ = true;
}

void DeviceTable::move_slot(std::size_t row, int slot, const Tensor& tensor) {
    const auto staged = std::find_if(staged_.begin(), staged_.end(), [&](const Staged& s) { return s.row == row && s.slot == slot; });
    if (staged != staged_.end()) {
        staged->view = tensor;
        return;
    }
    rows_[row].slot[slot] = const_cast<void*>(tensor.data());
    if (dirty_first_ == dirty_last_) dirty_first_ = dirty_last_ = row;
    dirty_first_ = std::min(dirty_first_, row);
    dirty_last_ = std::max(dirty_last_, row + 1);
}

/// From pageable memory, which the driver has read when the call returns: what it takes from may change at once.
void DeviceTable::upload() {
    if (!is_new_ && dirty_first_ == dirty_last_) return;
    auto* table = static_cast<std::byte*>(table_.mutable_data());
    const auto send = [&](std::size_t at, const void* from, std::size_t bytes) {
        driver().copy(table + at, from, bytes, device_.index, context_.stream);
        return at + bytes;
    };
    if (is_new_) {
        std::size_t end = send(0, rows_.data(), rows_.size() * sizeof(kernels::Chunk));
        end = send(end, work_.data(), work_.size() * sizeof(kernels::Work));
        send(end, places_.data(), places_.size() * sizeof(long long));
    } else {
        send(dirty_first_ * sizeof(kernels::Chunk), &rows_[dirty_first_], (dirty_last_ - dirty_first_) * sizeof(kernels::Chunk));
    }
    is_new_ = false;
    dirty_first_ = dirty_last_ = 0;
}

void DeviceTable::send(const PlanEntry& entry) {
    if (work_.empty() || !entry.keeps_hyper_there) return;
    const bool is_there = hyper_.defined() && std::memcmp(sent_.hyper, entry.request.hyper, sizeof sent_.hyper) == 0;
    if (is_there) return;
    if (driver().is_capturing(device_.index, context_.stream)) {
        throw std::runtime_error("step: options must not change while a graph is captured; change them before or after it");
    }
    if (!hyper_.defined()) hyper_ = device_bytes(sizeof sent_.hyper);
    driver().copy(hyper_.mutable_data(), entry.request.hyper, sizeof sent_.hyper, device_.index, context_.stream);
    sent_ = entry.request;
}

void DeviceTable::make_scalars(const PlanEntry& entry) const {
    kernels::ScalarsLaunch launch{.request = entry.request,
                                  .hyper = entry.keeps_hyper_there ? static_cast<const unsigned char*>(hyper_.data()) : nullptr,
                                  .found_inf = entry.found_inf,
                                  .count = entry.device_count,
                                  .out = static_cast<kernels::StepScalars*>(made_.mutable_data())};
    driver().start([&] { return entry.device_scalars(launch, context_.stream); }, "step", device_.index);
}

void DeviceTable::gather(unsigned slots) const {
    for (const Staged& staged : staged_) {
        if (slots >> staged.slot & 1u) staged.flat.copy_(staged.view, context_);
    }
}

void DeviceTable::scatter(unsigned slots) const {
    for (const Staged& staged : staged_) {
        if (slots >> staged.slot & 1u) staged.view.copy_(staged.flat, context_);
    }
}

kernels::Launch DeviceTable::basic_launch(const PlanEntry& entry) const {
    kernels::Launch launch{};
    const auto* bytes = static_cast<const std::byte*>(table_.data());
    const std::size_t work = rows_.size() * sizeof(kernels::Chunk), places = work + work_.size() * sizeof(kernels::Work);
    launch.rows = reinterpret_cast<const kernels::Chunk*>(bytes);
    launch.work = reinterpret_cast<const kernels::Work*>(bytes + work);
    launch.places = reinterpret_cast<const long long*>(bytes + places);
    launch.found_inf = entry.found_inf;
    launch.grad_scale = entry.grad_scale;
    launch.arguments = entry.arguments;
    launch.arguments.passes = nullptr;
    launch.averages = entry.average.moves;
    launch.average_in_float = entry.average.in_float;
    launch.average_weight = entry.average.arguments.terms[0];
    if (entry.device_scalars != nullptr) launch.made = static_cast<const kernels::StepScalars*>(made_.data());
    for (unsigned char i = 0; i < sizeof launch.columns; ++i) launch.columns[i] = i;
    for (std::size_t t = 0; t < temporaries_.size(); ++t) launch.temporaries[t] = temporaries_[t].mutable_data();
    return launch;
}

void DeviceTable::launch(kernels::GridKernel* kernel, kernels::Launch& launch, std::string_view who) const {
    driver().start([&] { return kernel(launch, static_cast<unsigned>(work_.size()), context_.stream); }, who, device_.index);
}

void DeviceTable::run_list(const PlanEntry& entry, ListRun& run) {
    void* memory[kernels::Tile::temporaries];
    void* slots[kernels::max_slots];
    for (int i = 0; i < kernels::Tile::temporaries; ++i) memory[i] = column_address(kernels::max_slots + i);
    for (int i = 0; i < kernels::max_slots; ++i) slots[i] = column_address(i);
    kernels::Tile tile(&ListRun::run, &run, memory);
    kernels::StepArguments arguments = entry.arguments;
    if (entry.device_scalars != nullptr) {
        for (int i = 0; i < kernels::max_terms; ++i) arguments.terms[i] = mark_of(i);
    }
    entry.device_list(tile, slots, arguments);
    if (run.failure) std::rethrow_exception(run.failure);
}

/// What a replay could not repeat: the host's part of a step, and copies from memory that may have changed by then.
void DeviceTable::check_capture(const PlanEntry& entry) const {
    if (!driver().is_capturing(device_.index, context_.stream)) return;
    if (!entry.may_be_captured) {
        throw std::runtime_error("step: a captured step must have its scalars on the device (capturable), got one whose scalars are the host's");
    }
    const bool is_ready = !is_new_ && dirty_first_ == dirty_last_ && (entry.device_scalars == nullptr || made_.defined());
    if (is_ready) return;
    throw std::runtime_error("step: a captured step must follow one that was not captured, with the same parameters, gradients and options");
}

void DeviceTable::prepare(const PlanEntry& entry) {
    if (work_.empty()) return;
    check_capture(entry);
    send(entry);
    if (entry.device_scalars != nullptr && !made_.defined()) made_ = device_bytes(sizeof(kernels::StepScalars));
    if (entry.device_list == nullptr) return;
    ListRun count{this, &entry, false};
    run_list(entry, count);
    while (temporaries_.size() < static_cast<std::size_t>(count.temporaries)) {
        temporaries_.push_back(device_bytes(static_cast<std::size_t>(place_end_) * item_));
    }
}

void DeviceTable::run(const PlanEntry& entry) {
    if (work_.empty()) return;
    upload();
    if (entry.device_scalars != nullptr) make_scalars(entry);
    gather(~0u);
    if (entry.device_list != nullptr) {
        ListRun start{this, &entry, true};
        run_list(entry, start);
    } else {
        kernels::Launch all = basic_launch(entry);
        launch(entry.device_kernel, all, "step");
    }
    scatter(entry.average.moves ? entry.writes | 1u << kernels::average_slot : entry.writes);
}

}  // namespace ravine::inline v0
