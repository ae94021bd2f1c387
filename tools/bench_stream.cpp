#include "bench_stream.h"

#include <algorithm>

namespace ravine::tools {
namespace {

/// As a step cuts its work; measured to make no difference between 32 KiB and 1 MiB.
constexpr std::int64_t piece_bytes = 65536;
constexpr std::int64_t piece_overhead = 256;
constexpr std::int64_t serial_bytes = 40000;
constexpr int tasks_per_thread = 8;

Tensor first_of(const Tensor& block, std::int64_t bytes) {
    return borrow(block.mutable_data(), block.dtype(), {bytes}, {.device = block.device()});
}

/// Asking what the CPU has may trap in a virtual machine and cost more than a small stream: once is enough.
const auto& table() {
    static const auto& of_cpu = []() -> const auto& {
#if defined(__x86_64__)
        if (is_available(Isa::avx2)) return walks<kernels::avx2>::table;
#endif
        return walks<kernels::baseline>::table;
    }();
    return of_cpu;
}

}  // namespace

std::vector<Tensor> moving_state(const optim::Optimizer& optimizer, const Parameter& parameter) {
    std::vector<Tensor> result;
    for (const auto& [name, value] : optimizer.state(parameter)) {
        const Tensor* tensor = value.get_if<Tensor>();
        if (tensor != nullptr && tensor->shape() == parameter.data().shape()) result.push_back(*tensor);
    }
    return result;
}

Stream::Stream(const std::vector<StreamRow>& rows, const Context& context) : context_(context) {
    const Device device = rows.front().read_only.device();
    for (const StreamRow& row : rows) {
        const auto bytes = static_cast<std::int64_t>(row.read_only.nbytes()), written = static_cast<std::int64_t>(row.written.size());
        tensor_bytes_ += bytes * (written + 1);
        bytes_ += bytes * (2 * written + 1);
        if (device == Device{}) add_walk(row);
    }
    if (device == Device{}) make_tasks();
    else make_copies(device);
}

void Stream::make_copies(Device device) {
    const std::int64_t block = (tensor_bytes_ + 1) / 2;
    blocks_ = {zeros({block}, DType::u8, device, context_), zeros({block}, DType::u8, device, context_)};
    // A copied byte is read and written.
    std::int64_t left = bytes_ / 2;
    for (; left > 0; left -= block) {
        const std::int64_t bytes = std::min(left, block);
        copies_.push_back({first_of(blocks_.to, bytes), first_of(blocks_.from, bytes)});
    }
}

void Stream::add_walk(const StreamRow& row) {
    const auto bytes = static_cast<std::int64_t>(row.read_only.nbytes());
    unsigned char* slot[kernels::max_slots] = {};
    slot[kernels::param_slot] = static_cast<unsigned char*>(row.written.front().mutable_data());
    slot[kernels::grad_slot] = const_cast<unsigned char*>(static_cast<const unsigned char*>(row.read_only.data()));
    for (std::size_t s = 1; s < row.written.size(); ++s) slot[1 + s] = static_cast<unsigned char*>(row.written[s].mutable_data());
    for (std::int64_t first = 0; first < bytes; first += piece_bytes) {
        WalkPiece piece{};
        for (std::size_t s = 0; s < 1 + row.written.size(); ++s) piece.slot[s] = slot[s] + first;
        piece.bytes = std::min(piece_bytes, bytes - first);
        pieces_.push_back(piece);
    }
}

std::size_t Stream::slots_of(const WalkPiece& piece) {
    return static_cast<std::size_t>(std::find(std::begin(piece.slot), std::end(piece.slot), nullptr) - std::begin(piece.slot));
}

void Stream::make_tasks() {
    std::int64_t total = 0, cost = 0;
    for (const WalkPiece& piece : pieces_) total += piece.bytes + piece_overhead;
    const int threads = context_.executor->concurrency();
    const std::int64_t tasks = threads == 1 || total < serial_bytes ? 1 : std::int64_t{tasks_per_thread} * threads;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const bool differs = i > 0 && slots_of(pieces_[i]) != slots_of(pieces_[i - 1]);
        if (differs || cost >= total * static_cast<std::int64_t>(tasks_.size()) / tasks) tasks_.push_back(i);
        cost += pieces_[i].bytes + piece_overhead;
    }
    tasks_.push_back(pieces_.size());
}

void Stream::run(int variant) const {
    for (const Copy& copy : copies_) copy.to.copy_(copy.from, context_);
    if (!copies_.empty()) return;
    context_.executor->parallel_for(tasks_.size() - 1, [&](std::size_t task) {
        const WalkPiece& first = pieces_[tasks_[task]];
        table()[slots_of(first) - 2][variant](&first, tasks_[task + 1] - tasks_[task]);
    });
}

}  // namespace ravine::tools
