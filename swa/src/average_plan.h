#pragma once
#include "averaging_form.h"

#include <ravine/runtime/plan.h>

#include <vector>

namespace ravine::inline v0::swa {

/// Whether a model's tensor of the average's shape can be averaged into it.
bool can_average(const Tensor& average, const Tensor& current) noexcept;
/// Uninitialised memory like a tensor's, but in another dtype and elsewhere: its layout if it is dense.
Tensor empty_like(const Tensor& tensor, DType dtype, Device device, const Context& context);

/// One pass over many averages and the model's tensors. These may lie on another device, and integers of a device are averaged
/// on the host: there it keeps memory of its own, through which they go.
class AveragePlan {
  public:
    /// The context must have an executor.
    AveragePlan(const AveragingForm& form, std::vector<Tensor> averages, const Context& context);

    /// Tensors of the averages' shapes that can be averaged, each run in the dtype of the run before; `as_before`: the same ones as then.
    /// Allocates nothing while memory stays where it is, but for tensors of another dtype on a device.
    void run(std::span<const Tensor> currents, std::int64_t n_averaged, bool as_before = false);

  private:
    struct Row {
        Tensor average, current;                // what the plan has
        Tensor device_average, staged_current;  // undefined, or: what it averages in truth, and the copy of what comes from elsewhere
    };
    struct Entry {
        Device device;
        DType dtype;
        AveragingForm form;
        unsigned number;
    };
    const Tensor& brought(Row& row, const Tensor& current);
    /// Integers of a device: brings their averages to the host, or back.
    void exchange_averages(bool to_host);
    void follow(std::size_t row, const Tensor& current);
    unsigned entry_for(const Tensor& average);
    void seal();

    AveragingForm form_;
    Context context_;
    std::vector<Row> rows_;
    std::vector<std::size_t> exchanged_;  // rows with averages on another device
    std::vector<Entry> entries_;
    Plan plan_;
    bool sealed_ = false;
    bool brings_ = false;  // whether any row has a copy of what comes from elsewhere
};

}  // namespace ravine::inline v0::swa
