#pragma once
#include <ravine/kernels/grid.h>
#include <ravine/kernels/list.h>
#include <ravine/runtime/context.h>
#include <ravine/runtime/tensor.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ravine::inline v0 {

/// How the averages of an entry's rows take in the parameters that the entry updates, see Plan::add_row.
struct EntryAverage {
    bool moves = false;                  ///< whether they do in the next run
    kernels::Kernel* kernel = nullptr;   ///< on the host: a rule of rules/average.h, in the averages' dtype
    kernels::StepArguments arguments{};  ///< its; on a device the rule is LerpAverageRule and its weight is terms[0]
    bool in_float = false;               ///< on a device: of 16-bit parameters, averages are float32 (else in their dtype)
};

/// What runs over the rows of one entry of a plan.
struct PlanEntry {
    kernels::Kernel* kernel = nullptr;
    kernels::StepArguments arguments{};
    unsigned writes = 0;  ///< slots that the kernel writes, as bits
    /// Of the kernel, where not every first slot of a row has it: on the host only.
    std::optional<DType> dtype{};
    EntryAverage average{};

    /// Where the tensors of its rows lie. On a device `device_kernel` makes the update, or, if it is set, `device_list`,
    /// operation by operation with `device_passes` (in the order of Pass).
    Device device = {};
    kernels::GridKernel* device_kernel = nullptr;
    kernels::ApplyToTile* device_list = nullptr;
    kernels::GridKernel* const* device_passes = nullptr;
    const float* found_inf = nullptr;   ///< on that device; null, or: unless 0, nothing is written
    const float* grad_scale = nullptr;  ///< on that device; null, or what replaces arguments.grad_scale

    /// Null, or what makes the terms and switches there before the update, from `request` and the count of steps.
    kernels::ScalarsKernel* device_scalars = nullptr;
    kernels::StepRequest request{};
    double* device_count = nullptr;     ///< on that device: finished steps
    /// A graph that captured a run may be replayed: `request.hyper` is read from the device's memory, where `send` puts it.
    bool keeps_hyper_there = false;
    /// Nothing that the host hands to a run must differ in its replay.
    bool may_be_captured = false;
};

class DeviceTable;

/// The flattened table of chunks over many tensors: one parallel region runs them all.
///
/// A row is one parameter with everything that moves with it. Rows whose tensors share a dense layout are cut into chunks
/// of raw pointers; any other layout is gathered into cache-sized tiles, updated there and scattered back; a slot of another
/// dtype is converted into such tiles. The tensors must outlive the plan's use; a plan holds addresses only.
///
/// An entry's rows lie on one device. Those of a GPU are a table in its memory, of which only changed rows go up, and one
/// launch on the context's stream; `run` does not wait for it.
class RAVINE_API Plan {
  public:
    Plan() noexcept;
    ~Plan();
    Plan(Plan&&) noexcept;
    Plan& operator=(Plan&&) noexcept;

    /// Forgets all rows and entries; keeps memory for the next ones.
    void clear() noexcept;
    bool empty() const noexcept { return rows_.empty(); }

    /// A new entry; its fields may change before every run.
    unsigned add_entry(const PlanEntry& entry);
    PlanEntry& entry(unsigned index) noexcept { return entries_[index]; }

    /// Adds a row: the tensors of its slots, of equal shape; of complex ones the row has the parts. Their dtypes are equal, but
    /// on the host a slot may have another floating-point dtype than the entry's, which is the first slot's if it does not say:
    /// it is rounded to that one, and what the kernel writes is rounded back, as by Tensor::to. Returns the row's number.
    /// A row of an update may have an average, of any floating-point dtype on the host, which moves while the parameter is still in a
    /// register or in cache; by the entry's `device_list` it does not.
    std::size_t add_row(unsigned entry, std::span<const Tensor* const> slots, const Tensor* average = nullptr);
    /// Cuts the rows into chunks and the chunks into tasks for that many threads. The context gives a device's stream and
    /// memory. std::bad_alloc, std::runtime_error from a device.
    void seal(int concurrency, const Context& context = {});
    /// Brings an entry's `request.hyper` to the device for the runs that are replayed from a graph. Does not wait.
    /// std::runtime_error while a graph is captured, or from the device.
    void send(unsigned entry);
    /// Another address for a slot, with the layout that it had; the average stays where it is.
    void move_slot(std::size_t row, int slot, const Tensor& tensor);

    /// Runs every entry's kernel over its rows: one parallel region, on the calling thread alone if the work is small.
    /// Rounding and denormals are the default ones inside, whatever the caller's mode. Allocates nothing on the host.
    /// std::runtime_error if a device refuses a launch, or while a graph is captured that could not repeat the run; what
    /// does not fit into a device's memory is refused before the first write.
    void run(Executor& executor);

    /// Elements below which a step is not worth a second thread.
    static constexpr std::int64_t serial_elements = 10000;

  private:
    struct Row;
    struct Tiling;
    struct DeviceEntry;
    /// How the tensors of a row lie.
    enum class Walk : unsigned char { none, flat, tiled };
    struct Run {
        std::size_t first, last;  // chunks
        unsigned entry;
        Walk walk, average;
    };
    DeviceEntry& device_entry(unsigned entry) noexcept;
    void add_to_table(Row& row, const Context& context);
    Walk walk_of_average(const Row& row) const noexcept;
    void make_tasks(int concurrency);
    void run_part(const Run& run, const PlanEntry& entry) const;
    void run_averages(const Run& run, const EntryAverage& average) const;
    void run_task(std::size_t task) const;

    std::vector<Row> rows_, averages_;
    std::vector<PlanEntry> entries_;
    std::vector<kernels::Chunk> chunks_, average_chunks_;  // the second, if there are averages, beside the first
    std::vector<Run> runs_;
    std::vector<std::size_t> tasks_;  // first run of each task, and the end
    std::vector<DeviceEntry> device_entries_;
};

}  // namespace ravine::inline v0
