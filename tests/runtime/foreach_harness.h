#pragma once
#include "../complaints.h"
#include "../kernels/formats.h"

#include <ravine/runtime/foreach.h>

#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <stdexcept>

namespace ravine::testing {

using foreach::Tensors;

/// Elements in row-major order.
template <class T> std::vector<T> elements_of(const Tensor& tensor) {
    const Tensor dense = tensor.clone();
    const auto span = dense.span<const T>();
    return {span.begin(), span.end()};
}

template <class T> Tensor make_tensor(const std::vector<T>& elements, const Shape& shape) {
    const Tensor result = empty(shape, dtype_of<T>::value);
    std::copy(elements.begin(), elements.end(), result.span<T>().begin());
    return result;
}

/// A tensor of these elements with gaps, columns first, between guards that must survive.
template <class T> class Spread {
  public:
    Spread(const std::vector<T>& elements, const Shape& shape) : memory_(elements.size() * 3 + 2, guard()) {
        Shape strides = shape;
        std::int64_t stride = 3;
        for (std::size_t d = 0; d < shape.size(); ++d) {
            strides[d] = stride;
            stride *= shape[d];
        }
        tensor = borrow(memory_.data() + 1, shape, {.strides = strides});
        tensor.copy_(make_tensor(elements, shape));
    }
    bool guards_survive() const {
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            const bool is_element = i % 3 == 1 && i / 3 < static_cast<std::size_t>(tensor.numel());
            if (!is_element && bits_of(memory_[i]) != bits_of(guard())) return false;
        }
        return true;
    }
    Tensor tensor;

  private:
    static T guard() { return from_bits<T>(static_cast<Bits<T>>(0x7a5a7a5a7a5a7a5a)); }
    std::vector<T> memory_;
};

/// The shapes of a list: 0-d, empty, small, of several dimensions, and one for several threads.
inline const std::vector<Shape>& list_shapes() {
    static const std::vector<Shape> shapes = {{}, {0}, {1}, {33}, {3, 5}, {2, 3, 4}, {20'003}};
    return shapes;
}

/// A list of tensors with assorted elements, every second one spread out.
template <class T> struct TensorList {
    explicit TensorList(std::uint64_t seed, bool assorted = true) {
        spread.reserve(list_shapes().size());
        for (std::size_t i = 0; i < list_shapes().size(); ++i) {
            const auto count = static_cast<std::size_t>(list_shapes()[i].numel());
            elements.push_back(assorted ? assorted_values<T>(count, seed + i) : ordinary_values<T>(count, seed + i));
            if ((i + seed) % 2 == 0) {
                tensors.push_back(make_tensor(elements.back(), list_shapes()[i]));
            } else {
                spread.emplace_back(elements.back(), list_shapes()[i]);
                tensors.push_back(spread.back().tensor);
            }
        }
    }
    bool is_unchanged() const {
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const std::vector<T> now = elements_of<T>(tensors[i]);
            for (std::size_t j = 0; j < now.size(); ++j) {
                if (bits_of(now[j]) != bits_of(elements[i][j])) return false;
            }
        }
        return guards_survive();
    }
    bool guards_survive() const {
        return std::all_of(spread.begin(), spread.end(), [](const Spread<T>& one) { return one.guards_survive(); });
    }

    std::vector<std::vector<T>> elements;
    std::vector<Spread<T>> spread;
    Tensors tensors;
};

/// The first element that is not expected, as text; empty if there is none.
template <class T> std::string difference_of(const Tensors& got, const std::vector<std::vector<T>>& expected) {
    if (got.size() != expected.size()) return "another number of tensors";
    for (std::size_t i = 0; i < got.size(); ++i) {
        const std::vector<T> elements = elements_of<T>(got[i]);
        for (std::size_t j = 0; j < elements.size(); ++j) {
            if (same(elements[j], expected[i][j])) continue;
            return "tensor " + std::to_string(i) + ", element " + std::to_string(j) + ": got " + std::to_string(decode(elements[j])) + ", expected " +
                   std::to_string(decode(expected[i][j]));
        }
    }
    return {};
}

}  // namespace ravine::testing
