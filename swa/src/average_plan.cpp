#include "average_plan.h"

#include "average_integers.h"

#include <ravine/kernels/rules/average.h>
#include <ravine/runtime/update.h>

#include <algorithm>

namespace ravine::inline v0::swa {
namespace {

bool is_integer(DType dtype) noexcept { return !is_floating_point(real_dtype(dtype)); }

}  // namespace

bool can_average(const Tensor& average, const Tensor& current) noexcept {
    return average.dtype() == current.dtype() || (is_floating_point(average.dtype()) && is_floating_point(current.dtype()));
}

Tensor empty_like(const Tensor& tensor, DType dtype, Device device, const Context& context) {
    if (!tensor.is_dense()) return empty(tensor.shape(), dtype, device, context);
    return empty_strided(tensor.shape(), tensor.strides(), dtype, device, context);
}

AveragePlan::AveragePlan(const AveragingForm& form, std::vector<Tensor> averages, const Context& context) : form_(form), context_(context) {
    for (Tensor& average : averages) {
        Row& row = rows_.emplace_back();
        row.average = std::move(average);
        if (!is_integer(row.average.dtype()) || row.average.device().type == DeviceType::cpu) continue;
        exchanged_.push_back(rows_.size() - 1);
        row.device_average = row.average;
        row.average = empty_like(row.device_average, row.device_average.dtype(), Device{}, context_);
    }
}

/// On the host the plan converts; a device's table cannot.
const Tensor& AveragePlan::brought(Row& row, const Tensor& current) {
    const Device device = row.average.device();
    const DType dtype = device.type == DeviceType::cpu ? current.dtype() : row.average.dtype();
    if (current.device() == device && current.dtype() == dtype) return current;
    if (!row.staged_current.defined()) row.staged_current = empty_like(current, dtype, device, context_);
    brings_ = true;
    row.staged_current.copy_(current.dtype() == dtype ? current : current.to(dtype, context_), context_);
    return row.staged_current;
}

void AveragePlan::follow(std::size_t index, const Tensor& current) {
    Row& row = rows_[index];
    const Tensor& now = brought(row, current);
    if (row.current.defined() && now.is_same_view(row.current)) return;
    const bool same_layout = row.current.defined() && now.strides() == row.current.strides();
    row.current = now;
    if (!same_layout) sealed_ = false;
    if (sealed_) plan_.move_slot(index, kernels::AverageSlots::current, now);
}

unsigned AveragePlan::entry_for(const Tensor& average) {
    const Device device = average.device();
    const DType dtype = real_dtype(average.dtype());
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.device == device && entry.dtype == dtype; });
    if (known != entries_.end()) return known->number;
    PlanEntry entry{integer_kernel(form_, dtype), {}, kernels::AverageSlots::writes};
    if (!is_integer(dtype)) {
        entry = entry_of(kernels::family_kernels<kernels::Averages>(), kernels::family_grid_kernels<kernels::Averages>(), form_.rule,
                         kernels::AverageSlots::writes, default_isa(), dtype, device);
    }
    const unsigned number = plan_.add_entry(entry);
    entries_.push_back({device, dtype, is_integer(dtype) ? form_.of_integers() : form_, number});
    return number;
}

void AveragePlan::seal() {
    plan_.clear();
    entries_.clear();
    for (const Row& row : rows_) {
        const Tensor* slots[kernels::AverageSlots::slots] = {&row.average, &row.current};
        plan_.add_row(entry_for(row.average), slots);
    }
    plan_.seal(context_.executor->concurrency(), context_);
    sealed_ = true;
}

void AveragePlan::run(std::span<const Tensor> currents, std::int64_t n_averaged, bool as_before) {
    const bool is_followed = as_before && sealed_ && !brings_;
    for (std::size_t i = 0; i < rows_.size() && !is_followed; ++i) follow(i, currents[i]);
    if (!sealed_) seal();
    exchange_averages(true);
    for (const Entry& entry : entries_) entry.form.set_terms(n_averaged, plan_.entry(entry.number).arguments);
    plan_.run(*context_.executor);
    exchange_averages(false);
}

void AveragePlan::exchange_averages(bool to_host) {
    for (const std::size_t i : exchanged_) {
        const Row& row = rows_[i];
        const Tensor& to = to_host ? row.average : row.device_average;
        to.copy_(to_host ? row.device_average : row.average, context_);
    }
}

}  // namespace ravine::inline v0::swa
