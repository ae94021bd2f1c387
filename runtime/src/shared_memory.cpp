#include "shared_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// The memory of one tensor.
struct Extent {
    const std::byte* begin;
    const std::byte* end;
    std::size_t tensor;
};

/// Bytes from the first element to the last.
std::uint64_t span_of(const Tensor& tensor) {
    std::int64_t last = 0;
    for (std::size_t d = 0; d < tensor.dim(); ++d) last += (tensor.shape()[d] - 1) * tensor.strides()[d];
    return tensor.numel() == 0 ? 0 : static_cast<std::uint64_t>(last + 1) * item_size(tensor.dtype());
}

class Finder {
  public:
    Finder(std::span<const Tensor> tensors, function_ref<std::string(std::size_t)> place) : tensors_(tensors), place_(place), group_(tensors.size()) {}
    SharedMemory find();

  private:
    std::vector<Extent> sorted_extents() const;
    /// Tensors whose memory overlaps get the number of the first of them, and the extent of all.
    void group(std::span<const Extent> extents);
    void check_dtypes(std::span<const Extent> group) const;
    void add(std::size_t tensor);
    MemoryBlock block_of(std::size_t tensor) const;

    struct Group {
        const std::byte* begin = nullptr;
        std::uint64_t bytes = 0;
        bool same_view = true;
        std::size_t block = none;
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::span<const Tensor> tensors_;
    function_ref<std::string(std::size_t)> place_;
    std::vector<std::size_t> group_;  // of each tensor
    std::vector<Group> groups_;
    SharedMemory result_;
};

SharedMemory Finder::find() {
    const std::vector<Extent> extents = sorted_extents();
    for (std::size_t first = 0; first < extents.size();) {
        std::size_t last = first + 1;
        const std::byte* end = extents[first].end;
        for (; last < extents.size() && std::less<>()(extents[last].begin, end); ++last) end = std::max(end, extents[last].end, std::less<>());
        group(std::span(extents).subspan(first, last - first));
        first = last;
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) add(i);
    return std::move(result_);
}

std::vector<Extent> Finder::sorted_extents() const {
    std::vector<Extent> extents;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const auto* begin = static_cast<const std::byte*>(tensors_[i].data());
        extents.push_back({begin, begin + span_of(tensors_[i]), i});
    }
    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
        return a.begin != b.begin ? std::less<>()(a.begin, b.begin) : a.tensor < b.tensor;
    });
    return extents;
}

void Finder::group(std::span<const Extent> extents) {
    check_dtypes(extents);
    Group made;
    made.begin = extents.front().begin;
    const std::byte* end = made.begin;
    for (const Extent& extent : extents) {
        group_[extent.tensor] = groups_.size();
        end = std::max(end, extent.end, std::less<>());
        made.same_view = made.same_view && tensors_[extent.tensor].is_same_view(tensors_[extents.front().tensor]);
    }
    made.bytes = static_cast<std::uint64_t>(end - made.begin);
    groups_.push_back(made);
}

void Finder::check_dtypes(std::span<const Extent> extents) const {
    const Tensor& first = tensors_[extents.front().tensor];
    for (const Extent& extent : extents) {
        const Tensor& tensor = tensors_[extent.tensor];
        if (tensor.dtype() != first.dtype()) {
            throw std::invalid_argument(fmt::format("save: views of one memory must have one dtype, got {} at {} and {} at {}", name(first.dtype()),
                                                    place_(extents.front().tensor), name(tensor.dtype()), place_(extent.tensor)));
        }
        if (static_cast<std::size_t>(extent.begin - extents.front().begin) % item_size(tensor.dtype()) != 0) {
            throw std::invalid_argument(fmt::format("save: views of one memory must be whole elements apart, got {} and {}, which are not",
                                                    place_(extents.front().tensor), place_(extent.tensor)));
        }
    }
}

void Finder::add(std::size_t i) {
    const Tensor& tensor = tensors_[i];
    Group& group = groups_[group_[i]];
    if (group.block == none) {
        group.block = result_.blocks.size();
        result_.blocks.push_back(block_of(i));
    }
    const MemoryBlock& block = result_.blocks[group.block];
    BlockView view{group.block, 0, tensor.strides()};
    if (block.data == nullptr) {
        if (tensor.numel() > 0) view.strides = contiguous_strides(tensor.shape());
    } else {
        view.first = (static_cast<const std::byte*>(tensor.data()) - group.begin) / static_cast<std::int64_t>(item_size(tensor.dtype()));
    }
    result_.views.push_back(std::move(view));
}

MemoryBlock Finder::block_of(std::size_t i) const {
    const Tensor& tensor = tensors_[i];
    const Group& group = groups_[group_[i]];
    const bool has_gaps = group.same_view && group.bytes > tensor.nbytes();
    const bool on_device = tensor.device().type != DeviceType::cpu;
    if (on_device && !group.same_view) {
        throw std::invalid_argument(fmt::format("save: tensors on a device must not overlap, got one at {} that does", place_(i)));
    }
    if (tensor.numel() == 0 || has_gaps || on_device) return {tensor.dtype(), tensor.nbytes(), nullptr, tensor};
    return {tensor.dtype(), group.bytes, group.begin, {}};
}

}  // namespace

SharedMemory find_shared_memory(std::span<const Tensor> tensors, function_ref<std::string(std::size_t)> place) {
    return Finder(tensors, place).find();
}

}  // namespace ravine::inline v0
