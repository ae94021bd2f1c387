// What a step does to memory: nothing outside of the elements, in any layout.
#include "harness.h"

namespace ravine::testing {
namespace {

/// Elements inside a larger buffer, at an odd place, with guards all around.
class Guarded {
  public:
    Guarded(const Tensor& elements, std::int64_t offset)
        : buffer_(zeros({elements.numel() + 2 * margin}, elements.dtype())), count_(elements.numel()), offset_(offset) {
        std::fill_n(bytes(), buffer_.nbytes(), guard);
        view().copy_(elements.view({count_}));
    }
    Tensor view() const { return borrow(bytes() + first() * size(), buffer_.dtype(), {count_}); }
    bool is_intact() const {
        const unsigned char* all = bytes();
        const auto begin = first() * size(), end = begin + static_cast<std::size_t>(count_) * size();
        for (std::size_t i = 0; i < buffer_.nbytes(); ++i) {
            if ((i < begin || i >= end) && all[i] != guard) return false;
        }
        return true;
    }

  private:
    static constexpr std::int64_t margin = 80;
    static constexpr unsigned char guard = 0xa5;
    std::size_t size() const { return item_size(buffer_.dtype()); }
    std::size_t first() const { return static_cast<std::size_t>(margin - 16 + offset_); }
    unsigned char* bytes() const { return static_cast<unsigned char*>(buffer_.mutable_data()); }

    Tensor buffer_;
    std::int64_t count_;
    std::int64_t offset_;
};

/// The same elements in another layout inside a larger buffer: every dimension with a gap, or with the dimensions swapped.
Tensor laid_out(const Tensor& elements, bool transposed, Tensor& buffer) {
    buffer = zeros({elements.numel() * 6 + 1}, elements.dtype());
    const Shape& shape = elements.shape();
    const Shape strides = transposed ? Shape{1, shape[0]} : Shape{shape[1] * 3, 3};
    const Tensor view = borrow(buffer.mutable_data(), elements.dtype(), shape, {.strides = strides});
    view.copy_(elements);
    return view;
}

}  // namespace

TEST_CASE("guards around parameters and gradients survive at every length and alignment, and gradients keep their bits") {
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(name));
                CAPTURE(std::string(optim::name(implementation)));
                Parameters parameters, plain;
                std::vector<Guarded> data, grads;
                std::vector<Tensor> plain_grads;
                for (int count = 0; count <= 70; ++count) {
                    const auto seed = static_cast<std::uint64_t>(count);
                    data.emplace_back(random_tensor({count}, dtype, seed), count % 5);
                    grads.emplace_back(random_tensor({count}, dtype, 100 + seed), count % 7);
                    plain_grads.push_back(random_tensor({count}, dtype, 100 + seed));
                    parameters.emplace_back(data.back().view(), grads.back().view());
                    plain.emplace_back(random_tensor({count}, dtype, seed), plain_grads.back());
                }
                Optimizer optimizer = optim::make(name, parameters, configurations(name).back());
                Optimizer expected = optim::make(name, plain, configurations(name).back());
                optimizer.set_implementation(implementation);
                expected.set_implementation(implementation);
                for (int step = 0; step < 3; ++step) {
                    optimizer.step();
                    expected.step();
                }
                const auto is_intact = [](const Guarded& guarded) { return guarded.is_intact(); };
                CHECK(std::all_of(data.begin(), data.end(), is_intact));
                CHECK(std::all_of(grads.begin(), grads.end(), is_intact));
                CHECK(snapshot(optimizer, parameters) == snapshot(expected, plain));
                for (std::size_t i = 0; i < grads.size(); ++i) CHECK(Value(grads[i].view()) == Value(plain_grads[i]));
            }
        }
    }
}

TEST_CASE("the caller's gradients keep their bits, also read-only ones") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const Implementation implementation : every_implementation) {
            for (const DType dtype : every_dtype) {
                const Tensor grad = random_tensor({37}, dtype, 3), before = grad.clone();
                const Tensor read_only = borrow(grad.data(), dtype, {37});
                const Parameter writable(random_tensor({37}, dtype, 1), grad), fixed(random_tensor({37}, dtype, 2), read_only);
                Optimizer optimizer = optim::make(name, {writable, fixed}, options);
                optimizer.set_implementation(implementation);
                for (int step = 0; step < 3; ++step) optimizer.step();
                CHECK(Value(grad) == Value(before));
            }
        }
    });
}

TEST_CASE("strided and transposed parameters and gradients move like contiguous ones, and gaps are left alone") {
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                for (int layouts = 1; layouts < 9; ++layouts) {  // of data and gradient: contiguous, transposed, with gaps
                    CAPTURE(std::string(name));
                    CAPTURE(layouts);
                    const Parameter expected(random_tensor({13, 9}, dtype, 1));
                    Tensor data_buffer, grad_buffer;
                    const auto arranged = [](const Tensor& tensor, int layout, Tensor& buffer) {
                        return layout == 0 ? tensor : laid_out(tensor, layout == 1, buffer);
                    };
                    const Parameter parameter(arranged(random_tensor({13, 9}, dtype, 1), layouts % 3, data_buffer));
                    Optimizer optimizer = optim::make(name, {parameter}, configurations(name).back());
                    Optimizer plain = optim::make(name, {expected}, configurations(name).back());
                    optimizer.set_implementation(implementation);
                    plain.set_implementation(implementation);
                    for (int step = 1; step <= 3; ++step) {
                        expected.set_grad(gradient(expected, 0, step));
                        parameter.set_grad(arranged(gradient(expected, 0, step), layouts / 3, grad_buffer));
                        optimizer.step();
                        plain.step();
                    }
                    CHECK(snapshot(optimizer, {parameter}) == snapshot(plain, {expected}));
                    if (layouts % 3 != 2) continue;
                    const Tensor gap = borrow(static_cast<char*>(data_buffer.mutable_data()) + item_size(dtype), dtype, {13, 9},
                                              {.strides = {27, 3}});
                    CHECK(Value(gap) == Value(zeros({13, 9}, dtype)));
                }
            }
        }
    }
}

TEST_CASE("state has the memory layout of its parameter") {
    Tensor buffer;
    const Parameter transposed(laid_out(random_tensor({4, 6}, DType::f32, 1), true, buffer), random_tensor({4, 6}, DType::f32, 2));
    Optimizer optimizer = optim::make("AdamW", {transposed});
    optimizer.step();
    CHECK(optimizer.state(transposed, "exp_avg").strides() == Shape{1, 4});
}

TEST_CASE("one tensor cut in two moves as the whole did") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                for (const std::int64_t cut : {1, 8, 37, 99}) {
                    const Parameter whole(random_tensor({100}, dtype, 1));
                    const Tensor copy = whole.data().clone();
                    const auto part = [&](const Tensor& tensor, bool second) {
                        char* first = static_cast<char*>(tensor.mutable_data());
                        const std::int64_t skipped = second ? cut : 0;
                        return borrow(first + static_cast<std::size_t>(skipped) * item_size(dtype), dtype, {second ? 100 - cut : cut});
                    };
                    const Parameter left(part(copy, false)), right(part(copy, true));
                    Optimizer one = optim::make(name, {whole}, options), two = optim::make(name, {left, right}, options);
                    one.set_implementation(implementation);
                    two.set_implementation(implementation);
                    for (int step = 1; step <= 3; ++step) {
                        const Tensor grad = gradient(whole, 0, step);
                        whole.set_grad(grad);
                        left.set_grad(part(grad, false));
                        right.set_grad(part(grad, true));
                        one.step();
                        two.step();
                    }
                    CHECK(Value(copy) == Value(whole.data()));
                }
            }
        }
    });
}

}  // namespace ravine::testing
