#include "average_integers.h"

#include <limits>
#include <type_traits>

namespace ravine::inline v0::swa {
namespace {

template <class T> T truncated(double number) noexcept {
    if constexpr (std::is_same_v<T, bool>) {
        return number != 0;
    } else if constexpr (sizeof(T) < sizeof(std::int32_t)) {
        return static_cast<T>(truncated<std::int64_t>(number));  // the low bits, as in torch
    } else {
        if (!(number > static_cast<double>(std::numeric_limits<T>::lowest()))) return std::numeric_limits<T>::lowest();  // NaN too
        constexpr double end = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;  // the first beyond: exact
        return number >= end ? std::numeric_limits<T>::max() : static_cast<T>(number);
    }
}

/// q - p, which wraps around.
template <class T> T wrapped_difference(T q, T p) noexcept {
    using Wide = std::make_unsigned_t<std::common_type_t<T, int>>;
    return static_cast<T>(static_cast<Wide>(q) - static_cast<Wide>(p));
}

template <class T, class Next> void each(const kernels::Chunk* rows, unsigned long long chunks, Next next) noexcept {
    for (const kernels::Chunk* row = rows; row != rows + chunks; ++row) {
        auto* p = static_cast<T*>(row->slot[0]);
        const auto* q = static_cast<const T*>(row->slot[1]);
        for (long long i = 0; i < row->count; ++i) p[i] = truncated<T>(static_cast<double>(next(p[i], q[i])));
    }
}

template <class T> void mean(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments& arguments) noexcept {
    const auto count = static_cast<float>(arguments.terms[0]);
    each<T>(rows, chunks, [count](T p, T q) { return static_cast<float>(p) + static_cast<float>(wrapped_difference(q, p)) / count; });
}

/// Both forms of the exponential average; their terms are decay and 1 - decay.
template <class T> void products(const kernels::Chunk* rows, unsigned long long chunks, const kernels::StepArguments& arguments) noexcept {
    const auto keep = static_cast<float>(arguments.terms[0]), weight = static_cast<float>(arguments.terms[1]);
    each<T>(rows, chunks, [keep, weight](T p, T q) { return static_cast<float>(p) * keep + static_cast<float>(q) * weight; });
}

template <class T> kernels::Kernel* kernel_for(const AveragingForm& form) noexcept {
    if constexpr (std::is_same_v<T, bool>) return &products<T>;
    else return form.decay ? &products<T> : &mean<T>;
}

template <class Action> auto with_integer(DType dtype, Action action) {
    switch (dtype) {
    case DType::i64: return action(std::int64_t{});
    case DType::i32: return action(std::int32_t{});
    case DType::i16: return action(std::int16_t{});
    case DType::i8: return action(std::int8_t{});
    case DType::u64: return action(std::uint64_t{});
    case DType::u32: return action(std::uint32_t{});
    case DType::u16: return action(std::uint16_t{});
    case DType::u8: return action(std::uint8_t{});
    default: return action(bool{});
    }
}

}  // namespace

kernels::Kernel* integer_kernel(const AveragingForm& form, DType dtype) noexcept {
    return with_integer(dtype, [&](auto zero) { return kernel_for<decltype(zero)>(form); });
}

Tensor truncated_to(DType dtype, const Tensor& numbers, const Context& context) {
    const Tensor from = numbers.to(Device{}, context).to(DType::f64, context), result = empty(numbers.shape(), dtype, context);
    const auto source = from.span<const double>();
    with_integer(dtype, [&](auto zero) {
        const auto integers = result.span<decltype(zero)>();
        for (std::size_t i = 0; i < source.size(); ++i) integers[i] = truncated<decltype(zero)>(source[i]);
    });
    return result;
}

}  // namespace ravine::inline v0::swa
