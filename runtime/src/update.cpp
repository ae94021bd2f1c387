#include <ravine/kernels/passes.h>
#include <ravine/runtime/update.h>

#include <limits>

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

kernels::Kernel* kernel_of(const RuleInfo& rule, KernelKind kind, Isa isa, DType dtype) noexcept {
    if (kind == KernelKind::list) return rule.list;
    const auto& table = kind == KernelKind::fused ? rule.fused : rule.stepwise;
    return table[static_cast<int>(isa)][static_cast<int>(dtype)][rule.index];
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
