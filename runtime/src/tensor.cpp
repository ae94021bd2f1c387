#include <ravine/runtime/tensor.h>

#include "device_copy.h"
#include "driver.h"
#include "invalid.h"
#include "storage.h"
#include "strided.h"

#include <fmt/format.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstring>
#include <limits>
#include <new>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace ravine::inline v0 {
namespace {

constexpr std::size_t alignment = 64;
/// Blocks of at least this size ask for pages of this size: a step from memory is 1.25 times as fast.
constexpr std::size_t huge_page = std::size_t{2} << 20;

std::align_val_t alignment_of(std::size_t bytes) {
    return std::align_val_t{bytes >= huge_page ? huge_page : alignment};
}

void* allocate_pages(std::size_t bytes) {
    void* data = ::operator new(bytes, alignment_of(bytes));
#if defined(__linux__)
    // Only whole pages of ours; a refusal changes nothing.
    if (bytes >= huge_page) (void)madvise(data, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
    return data;
}

/// The number of elements; refuses what cannot be addressed.
std::int64_t checked_numel(std::string_view who, const Shape& shape, DType dtype) {
    std::int64_t product = 1;
    bool empty = false;
    for (const std::int64_t size : shape) {
        if (size < 0) invalid(who, "sizes must be >= 0", shape.to_string());
        empty = empty || size == 0;
    }
    if (empty) return 0;
    const auto limit = std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(item_size(dtype));
    for (const std::int64_t size : shape) {
        if (product > limit / size) invalid(who, "sizes must not overflow 64 bits", shape.to_string());
        product *= size;
    }
    return product;
}

bool walks_flat(const Shape& shape, const Shape& strides, std::span<const std::size_t> inner_to_outer) {
    std::int64_t expected = 1;
    for (const std::size_t d : inner_to_outer) {
        if (shape[d] == 1) continue;
        if (strides[d] != expected) return false;
        expected *= shape[d];
    }
    return true;
}

/// Strides that leave no gaps, in the order of the given ones.
bool are_dense(const Shape& shape, const Shape& strides) {
    std::vector<std::size_t> order(shape.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return strides[a] < strides[b]; });
    return walks_flat(shape, strides, order);
}

bool are_contiguous(const Shape& shape, const Shape& strides) {
    std::int64_t expected = 1;
    for (std::size_t d = shape.size(); d-- > 0;) {
        if (shape[d] == 1) continue;
        if (strides[d] != expected) return false;
        expected *= shape[d];
    }
    return true;
}

void check_borrowed(const void* data, DType dtype, const Shape& shape, const Shape& strides, std::int64_t numel) {
    if (numel > 0 && data == nullptr) invalid("borrow", "data must not be null", "null");
    const std::size_t align = std::min<std::size_t>(item_size(dtype), 8);
    if (reinterpret_cast<std::uintptr_t>(data) % align != 0) {
        invalid("borrow", fmt::format("data must be aligned to {} bytes", align), fmt::format("{}", data));
    }
    if (strides.size() != shape.size()) {
        invalid("borrow", fmt::format("strides must have one entry for each of {} dimensions", shape.size()),
                strides.to_string());
    }
    std::int64_t last = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (strides[d] < 0) invalid("borrow", "strides must be >= 0", strides.to_string());
        if (numel == 0 || shape[d] == 1 || strides[d] == 0) continue;
        const std::int64_t room = std::numeric_limits<std::int64_t>::max() / 16 - last;
        if (shape[d] - 1 > room / strides[d]) invalid("borrow", "strides must not overflow 64 bits", strides.to_string());
        last += (shape[d] - 1) * strides[d];
    }
}

void check_on_device(const void* data, Device device) {
    check_device("borrow", device);
    if (data == nullptr || !driver().is_foreign(data, device.index)) return;
    invalid("borrow", fmt::format("data must be memory of {}", name(device)), fmt::format("{}, which is not", data));
}

std::shared_ptr<Storage> make_storage(std::size_t bytes, Device device, const Context& context) {
    const auto kind = device.type == DeviceType::cpu ? Storage::Kind::pageable : Storage::Kind::device;
    return std::make_shared<Storage>(std::max<std::size_t>(bytes, 1), device, kind, context);
}

}  // namespace

Storage::Storage(std::size_t size, Device where, Kind what, const Context& context)
    : data(nullptr), bytes(size), device(where), kind(what), allocator(context.allocator), stream(context.stream) {
    if (kind != Kind::pageable) check_device("Tensor", kind == Kind::device ? device : Device{DeviceType::cuda, 0});
    if (kind == Kind::pinned) data = driver().allocate_pinned(bytes);
    else if (allocator != nullptr) data = allocator->allocate(bytes, device);
    else if (kind == Kind::device) data = driver().allocate(bytes, device.index, stream);
    else data = allocate_pages(bytes);
}

Storage::~Storage() {
    if (kind == Kind::pinned) driver().deallocate_pinned(data);
    else if (allocator != nullptr) allocator->deallocate(data, bytes, device);
    else if (kind == Kind::device) driver().deallocate(data, device.index, stream);
    else ::operator delete(data, alignment_of(bytes));
}

bool Tensor::is_contiguous() const noexcept {
    return numel_ == 0 || are_contiguous(shape_, strides_);
}

bool Tensor::is_dense() const noexcept {
    return is_contiguous() || are_dense(shape_, strides_);
}

bool Tensor::has_layout_of(const Tensor& other) const noexcept {
    if (!(shape_ == other.shape_)) return false;
    if (is_contiguous() && other.is_contiguous()) return true;
    for (std::size_t d = 0; d < dim(); ++d) {
        if (shape_[d] != 1 && strides_[d] != other.strides_[d]) return false;
    }
    return is_dense();
}

bool Tensor::is_same_view(const Tensor& other) const noexcept {
    return defined_ == other.defined_ && data_ == other.data_ && dtype_ == other.dtype_ && shape_ == other.shape_ &&
           strides_ == other.strides_ && device_ == other.device_;
}

void* Tensor::mutable_data() const {
    if (read_only_) invalid("Tensor", "memory must be writable", "a read-only tensor (borrowed from a const pointer)");
    return data_;
}

void Tensor::check_span(DType wanted, bool for_reading) const {
    if (!defined_) invalid("Tensor.span", "the tensor must be defined", "an undefined one");
    if (dtype_ != wanted) invalid("Tensor.span", fmt::format("dtype must be {}", name(wanted)), name(dtype_));
    if (!is_dense()) invalid("Tensor.span", "the layout must be dense", "strides " + strides_.to_string());
    if (device_.type != DeviceType::cpu) invalid("Tensor.span", "memory must be on the host", "a tensor on " + name(device_));
    if (!for_reading) (void)mutable_data();
}

Tensor borrow(void* data, DType dtype, const Shape& shape, const BorrowOptions& options) {
    Tensor result;
    result.numel_ = checked_numel("borrow", shape, dtype);
    const Shape strides = options.strides.empty() ? contiguous_strides(shape) : options.strides;
    check_borrowed(data, dtype, shape, strides, result.numel_);
    if (options.device.type != DeviceType::cpu) check_on_device(data, options.device);
    result.data_ = data;
    result.shape_ = shape;
    result.strides_ = strides;
    result.dtype_ = dtype;
    result.device_ = options.device;
    // A share in the owner without a storage to look at.
    if (options.owner != nullptr) result.storage_ = std::shared_ptr<Storage>(std::const_pointer_cast<void>(options.owner), nullptr);
    result.defined_ = true;
    return result;
}

Tensor borrow(const void* data, DType dtype, const Shape& shape, const BorrowOptions& options) {
    Tensor result = borrow(const_cast<void*>(data), dtype, shape, options);
    result.read_only_ = true;
    return result;
}

Tensor slice_of(const std::shared_ptr<Storage>& storage, std::size_t offset, const Shape& shape, const Shape& strides,
                DType dtype) {
    Tensor result = borrow(static_cast<std::byte*>(storage->data) + offset, dtype, shape, {.strides = strides});
    result.device_ = storage->device;
    result.storage_ = storage;
    return result;
}

Tensor empty_strided(const Shape& shape, const Shape& strides, DType dtype, Device device, const Context& context) {
    const std::int64_t numel = checked_numel("empty", shape, dtype);
    if (strides.size() != shape.size() || (numel > 0 && !are_dense(shape, strides))) {
        invalid("empty", fmt::format("strides must be dense for shape {}", shape.to_string()), strides.to_string());
    }
    return slice_of(make_storage(static_cast<std::size_t>(numel) * item_size(dtype), device, context), 0, shape, strides, dtype);
}

Tensor empty(const Shape& shape, DType dtype, Device device, const Context& context) {
    (void)checked_numel("empty", shape, dtype);
    return empty_strided(shape, contiguous_strides(shape), dtype, device, context);
}

Tensor empty(const Shape& shape, DType dtype, const Context& context) { return empty(shape, dtype, Device{}, context); }

Tensor empty_pinned(const Shape& shape, DType dtype, const Context& context) {
    const auto bytes = static_cast<std::size_t>(checked_numel("empty", shape, dtype)) * item_size(dtype);
    const auto storage = std::make_shared<Storage>(std::max<std::size_t>(bytes, 1), Device{}, Storage::Kind::pinned, context);
    return slice_of(storage, 0, shape, contiguous_strides(shape), dtype);
}

Tensor zeros(const Shape& shape, DType dtype, Device device, const Context& context) {
    Tensor result = empty(shape, dtype, device, context);
    result.zero_(context);
    return result;
}

Tensor zeros(const Shape& shape, DType dtype, const Context& context) { return zeros(shape, dtype, Device{}, context); }

Tensor zeros_like(const Tensor& other, const Context& context) {
    return zeros_like(std::span(&other, 1), context).front();
}

std::vector<Tensor> empty_like(std::span<const Tensor> others, const Context& context) {
    struct Block {
        Device device;
        std::size_t bytes;
        std::shared_ptr<Storage> storage;
    };
    std::vector<Block> blocks;  // one for each device
    std::vector<std::pair<std::size_t, std::size_t>> places;
    places.reserve(others.size());
    for (const Tensor& other : others) {
        std::size_t b = 0;
        while (b < blocks.size() && blocks[b].device != other.device()) ++b;
        if (b == blocks.size()) blocks.push_back({other.device(), 0, nullptr});
        places.emplace_back(b, blocks[b].bytes);
        blocks[b].bytes += (other.nbytes() + alignment - 1) / alignment * alignment;
    }
    for (Block& block : blocks) block.storage = make_storage(block.bytes, block.device, context);
    std::vector<Tensor> result;
    result.reserve(others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
        const Tensor& other = others[i];
        const Shape strides = other.is_dense() ? other.strides() : contiguous_strides(other.shape());
        result.push_back(slice_of(blocks[places[i].first].storage, places[i].second, other.shape(), strides, other.dtype()));
    }
    return result;
}

std::vector<Tensor> zeros_like(std::span<const Tensor> others, const Context& context) {
    std::vector<Tensor> result = empty_like(others, context);
    for (const Tensor& tensor : result) tensor.zero_(context);
    return result;
}

Tensor scalar_tensor(double value, DType dtype, const Context& context) {
    return borrow(&value, {}).to(dtype, context);
}

Tensor Tensor::clone(const Context& context) const {
    if (!defined_) return {};
    Tensor result = empty(shape_, dtype_, device_, context);
    result.copy_(*this, context);
    return result;
}

Tensor Tensor::to(Device device, const Context& context) const {
    check_device("Tensor.to", device);
    Tensor result = empty(shape_, dtype_, device, context);
    result.copy_(*this, context);
    return result;
}

void Tensor::copy_(const Tensor& source, const Context& context) const {
    if (!defined_ || !source.defined_) invalid("copy_", "both tensors must be defined", "an undefined one");
    if (dtype_ != source.dtype_) invalid("copy_", fmt::format("dtype must be {}", name(dtype_)), name(source.dtype_));
    if (!(shape_ == source.shape_)) invalid("copy_", "shape must be " + shape_.to_string(), source.shape_.to_string());
    auto* to = static_cast<std::byte*>(mutable_data());
    if (device_.type != DeviceType::cpu || source.device_.type != DeviceType::cpu) return copy_on_devices(*this, source, context);
    const auto* from = static_cast<const std::byte*>(source.data_);
    if (numel_ == 0 || is_same_view(source)) return;
    if (has_layout_of(source)) {
        std::memmove(to, from, nbytes());
        return;
    }
    constexpr std::int64_t tile = 1024;
    std::byte flat[tile * 16];
    const StridedCursor in(source.shape_, source.strides_), out(shape_, strides_);
    for (std::int64_t first = 0; first < numel_; first += tile) {
        const std::int64_t count = std::min(tile, numel_ - first);
        in.gather(from, first, count, item_size(dtype_), flat);
        out.scatter(flat, first, count, item_size(dtype_), to);
    }
}

void Tensor::zero_(const Context& context) const {
    auto* to = static_cast<std::byte*>(mutable_data());
    if (device_.type != DeviceType::cpu) return zero_on_device(*this, context);
    if (numel_ == 0) return;
    if (is_dense()) {
        std::memset(to, 0, nbytes());
        return;
    }
    constexpr std::int64_t tile = 1024;
    const std::byte flat[tile * 16] = {};
    const StridedCursor out(shape_, strides_);
    for (std::int64_t first = 0; first < numel_; first += tile) {
        out.scatter(flat, first, std::min(tile, numel_ - first), item_size(dtype_), to);
    }
}

Tensor Tensor::view(const Shape& shape) const {
    if (!is_contiguous()) invalid("view", "the tensor must be contiguous", "strides " + strides_.to_string());
    if (checked_numel("view", shape, dtype_) != numel_) {
        invalid("view", fmt::format("sizes must hold {} elements", numel_), shape.to_string());
    }
    Tensor result = *this;
    result.shape_ = shape;
    result.strides_ = contiguous_strides(shape);
    return result;
}

Tensor Tensor::view_as_real() const {
    if (!defined_ || !is_complex(dtype_)) invalid("view_as_real", "the tensor must be complex", defined_ ? name(dtype_) : "an undefined one");
    std::vector<std::int64_t> sizes(shape_.begin(), shape_.end()), steps;
    for (const std::int64_t stride : strides_) steps.push_back(2 * stride);
    sizes.push_back(2);
    steps.push_back(1);
    Tensor result = *this;
    result.shape_ = Shape(sizes);
    result.strides_ = Shape(steps);
    result.numel_ = 2 * numel_;
    result.dtype_ = real_dtype(dtype_);
    return result;
}

}  // namespace ravine::inline v0
