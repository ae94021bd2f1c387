#pragma once
#include "driver.h"

#include <ravine/runtime/plan.h>

#include <span>
#include <vector>

namespace ravine::inline v0 {

/// The rows of one entry of a plan in a device's memory, and the launches over them. Rows go up only when an address
/// changed; a launch waits for nothing.
class DeviceTable {
  public:
    DeviceTable(Device device, const Context& context);

    /// Adds a row, perhaps with an average; tensors that are not row-major are gathered for each run. Returns its number.
    std::size_t add_row(std::span<const Tensor* const> slots, const Tensor* average);
    /// Divides the rows among blocks and takes memory.
    void seal();
    void move_slot(std::size_t row, int slot, const Tensor& tensor);
    /// Takes what a run of the entry will need, so that the run itself cannot lack memory.
    void prepare(const PlanEntry& entry);
    void run(const PlanEntry& entry);
    /// See Plan::send.
    void send(const PlanEntry& entry);

  private:
    /// A tensor with gaps, and its elements in row-major order.
    struct Staged {
        std::size_t row;
        int slot;
        Tensor view, flat;
    };
    struct ListRun;

    void set_slot(kernels::Chunk& row, int slot, const Tensor& tensor, bool flat);
    Tensor device_bytes(std::size_t bytes) const;
    void check_capture(const PlanEntry& entry) const;
    void upload();
    void make_scalars(const PlanEntry& entry) const;
    void gather(unsigned slots_read) const;
    void scatter(unsigned slots_written) const;
    void launch(kernels::GridKernel* kernel, kernels::Launch& launch, std::string_view who) const;
    kernels::Launch basic_launch(const PlanEntry& entry) const;
    void run_list(const PlanEntry& entry, ListRun& run);

    Device device_;
    Context context_;
    std::vector<kernels::Chunk> rows_;
    std::vector<kernels::Work> work_;
    std::vector<long long> places_;   ///< first element of each row in a temporary
    long long place_end_ = 0;
    std::size_t item_ = 0;
    std::vector<Staged> staged_;
    Tensor table_;                    ///< rows, work and places on the device
    bool is_new_ = true;              ///< nothing of it is there yet
    std::size_t dirty_first_ = 0, dirty_last_ = 0;  ///< rows that changed since
    std::vector<Tensor> temporaries_;
    Tensor made_;                     ///< the scalars of a step that the device counts
    Tensor hyper_;                    ///< what they are made of, where the device keeps it
    kernels::StepRequest sent_{};     ///< what `hyper_` has
};

}  // namespace ravine::inline v0
