#include <ravine/kernels/passes.h>
#include <ravine/runtime/update.h>

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// DType counts its floating-point types like the kernels' tables.
static_assert(static_cast<int>(DType::f64) == kernels::storage_f64 && static_cast<int>(DType::f32) == kernels::storage_f32 &&
              static_cast<int>(DType::bf16) == kernels::storage_bf16 && static_cast<int>(DType::f16) == kernels::storage_f16);

struct AllPasses {
    kernels::PassTable table[3][kernels::storage_count];

    AllPasses() {
        const auto family = kernels::family_kernels<kernels::passes::All>();
        for (int isa = 0; isa < 3; ++isa) {
            for (int dtype = 0; dtype < kernels::storage_count; ++dtype) {
                table[isa][dtype] = {family.stepwise[isa][dtype], static_cast<int>(item_size(static_cast<DType>(dtype)))};
            }
        }
    }
};

}  // namespace

namespace {

/// The kernels' tables have a place for each of these, and for nothing else.
void check_storage(DType dtype) {
    if (is_floating_point(dtype)) return;
    throw std::invalid_argument(fmt::format("ravine: a kernel's dtype must be float64, float32, bfloat16 or float16, got {}", name(dtype)));
}

kernels::Kernel* kernel_of(const RuleInfo& rule, KernelKind kind, Isa isa, DType dtype) noexcept {
    if (kind == KernelKind::list) return rule.list;
    const auto& table = kind == KernelKind::fused ? rule.fused : rule.stepwise;
    return table[static_cast<int>(isa)][static_cast<int>(dtype)][rule.index];
}

kernels::GridKernel* device_kernel_of(kernels::GridKernel* const* family, int index, Device device) {
    if (family != nullptr && family[index] != nullptr) return family[index];
    throw std::runtime_error(fmt::format("ravine: a rule must have kernels for devices (see docs/cuda.md), got one without for {}", name(device)));
}

void set_device_kernel(PlanEntry& entry, const RuleInfo& rule, KernelKind kind, DType dtype) {
    const auto& table = kind == KernelKind::fused ? rule.grid.fused : rule.grid.stepwise;
    entry.device_kernel = device_kernel_of(table[static_cast<int>(dtype)], rule.index, entry.device);
    if (kind != KernelKind::list) return;
    entry.device_list = rule.apply;
    entry.device_passes = device_passes_of(dtype);
}

}  // namespace

PlanEntry entry_of(const RuleInfo& rule, KernelKind kind, Isa isa, DType dtype, Device device) {
    check_storage(dtype);
    PlanEntry entry;
    entry.kernel = kernel_of(rule, kind, isa, dtype);
    entry.arguments.passes = &passes_of(isa, dtype);
    entry.writes = rule.writes;
    entry.device = device;
    if (device.type != DeviceType::cpu) set_device_kernel(entry, rule, kind, dtype);
    return entry;
}

PlanEntry entry_of(const kernels::FamilyKernels& family, const kernels::FamilyGridKernels& grid_family, int index, unsigned writes, Isa isa,
                   DType dtype, Device device) {
    check_storage(dtype);
    PlanEntry entry;
    const auto storage = static_cast<std::size_t>(dtype);
    entry.kernel = family.stepwise[static_cast<std::size_t>(isa)][storage][index];
    entry.writes = writes;
    entry.device = device;
    if (device.type != DeviceType::cpu) entry.device_kernel = device_kernel_of(grid_family.stepwise[storage], index, device);
    return entry;
}

void set_grad_scale(PlanEntry& entry, const Tensor& grad_scale, const Context& context) {
    kernels::Common common;
    std::memcpy(&common, entry.arguments.switches, sizeof common);
    common.unscale = true;
    std::memcpy(entry.arguments.switches, &common, sizeof common);
    entry.writes |= 1u << kernels::grad_slot;
    const bool is_there = entry.device.type != DeviceType::cpu && grad_scale.device() == entry.device && grad_scale.dtype() == DType::f32;
    entry.grad_scale = is_there ? static_cast<const float*>(grad_scale.data()) : nullptr;
    entry.arguments.grad_scale = is_there ? 1 : grad_scale.item(context);
}

kernels::GridKernel* const* device_passes_of(DType dtype) noexcept {
    static const auto passes = kernels::family_grid_kernels<kernels::passes::All>();
    return passes.stepwise[static_cast<int>(dtype)];
}

const kernels::PassTable& passes_of(Isa isa, DType dtype) noexcept {
    static const AllPasses passes;
    return passes.table[static_cast<int>(isa)][static_cast<int>(dtype)];
}

double largest_value(DType dtype) noexcept {
    switch (dtype) {
    case DType::f64: return std::numeric_limits<double>::max();
    case DType::bf16: return 0x1.fep127;
    case DType::f16: return 65504;
    default: return std::numeric_limits<float>::max();
    }
}

double largest_computed_value(DType dtype) noexcept {
    return dtype == DType::f64 ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
}

}  // namespace ravine::inline v0
