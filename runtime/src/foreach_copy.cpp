#include "foreach_call.h"
#include <ravine/runtime/list_checks.h>

#include <algorithm>
#include <cstring>

namespace ravine::inline v0::foreach {
namespace {

template <std::size_t item> void copy(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments&) noexcept {
    for (const kernels::Chunk* row = rows; row != rows + chunks; ++row) {
        std::memmove(row->slot[0], row->slot[1], static_cast<std::size_t>(row->count) * item);
    }
}
template <std::size_t item> void zero(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments&) noexcept {
    for (const kernels::Chunk* row = rows; row != rows + chunks; ++row) std::memset(row->slot[0], 0, static_cast<std::size_t>(row->count) * item);
}

struct ByteKernels {
    kernels::Kernel *copy, *zero;
};
/// A row of complex tensors has their parts.
ByteKernels kernels_for(DType dtype) noexcept {
    switch (item_size(real_dtype(dtype))) {
    case 1: return {&copy<1>, &zero<1>};
    case 2: return {&copy<2>, &zero<2>};
    case 4: return {&copy<4>, &zero<4>};
    default: return {&copy<8>, &zero<8>};
    }
}

}  // namespace

void copy_(TensorList self, TensorList source, const Context& context) {
    check_defined("foreach.copy_", "self", self);
    check_writable("foreach.copy_", "self", self);
    check_shapes("foreach.copy_", "source", source, self);
    const auto on_device = [](const Tensor& tensor) { return tensor.device().type != DeviceType::cpu; };
    if (std::any_of(self.begin(), self.end(), on_device) || std::any_of(source.begin(), source.end(), on_device)) {
        for (std::size_t i = 0; i < self.size(); ++i) {
            self[i].copy_(source[i].dtype() == self[i].dtype() ? source[i] : source[i].to(self[i].dtype(), context), context);
        }
        return;
    }
    Tensors same(source.begin(), source.end());
    for (std::size_t i = 0; i < same.size(); ++i) {
        if (same[i].dtype() != self[i].dtype()) same[i] = same[i].to(self[i].dtype(), context);
    }
    const TensorList inputs[] = {same};
    run_rows(self, inputs, [&](std::size_t i) {
        return PlanEntry{kernels_for(self[i].dtype()).copy, {}, 1};
    }, context);
}

void zero_(TensorList self, const Context& context) {
    check_defined("foreach.zero_", "self", self);
    check_writable("foreach.zero_", "self", self);
    if (std::any_of(self.begin(), self.end(), [](const Tensor& tensor) { return tensor.device().type != DeviceType::cpu; })) {
        for (const Tensor& tensor : self) tensor.zero_(context);
        return;
    }
    run_rows(self, {}, [&](std::size_t i) {
        return PlanEntry{kernels_for(self[i].dtype()).zero, {}, 1};
    }, context);
}

}  // namespace ravine::inline v0::foreach
