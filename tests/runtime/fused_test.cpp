// The public fused functions against plain loops, bit for bit, over lists of mixed layouts.
#include "foreach_harness.h"

#include "../kernels/rule_reference.h"
#include "../tensors.h"

#include <ravine/runtime/fused.h>

namespace ravine::testing {
namespace {

constexpr kernels::AdamTerms<double> adam_terms{0.1, 0.999, 0.1, 0.99, 0.01, 0.1, 1e-8, -0.003};
constexpr kernels::SgdTerms<double> sgd_terms{0.1, 0.9, 0.8, -0.01};
constexpr double grad_scale = 8.3;

/// Lists for the slots of a rule.
template <class T> struct SlotLists {
    explicit SlotLists(int slots) {
        for (int s = 0; s < slots; ++s) {
            lists.emplace_back(static_cast<std::uint64_t>(10 * s + s % 2 + 1), false);
            if (s < 3) continue;
            foreach::abs_(lists.back().tensors);
            for (auto& tensor : lists.back().elements) {
                for (T& element : tensor) element = encode<T>(std::fabs(decode(element)));
            }
        }
    }
    const Tensors& operator[](std::size_t s) const { return lists[s].tensors; }

    /// Compares every list with what `reference` makes of each element.
    template <class Element> std::string difference(Element reference) const {
        std::vector<std::vector<std::vector<T>>> expected;
        for (const TensorList<T>& list : lists) expected.push_back(list.elements);
        for (std::size_t i = 0; i < list_shapes().size(); ++i) {
            for (std::size_t j = 0; j < expected[0][i].size(); ++j) {
                Compute<T> x[kernels::max_slots] = {};
                for (std::size_t s = 0; s < lists.size(); ++s) x[s] = decode(expected[s][i][j]);
                reference(x);
                for (std::size_t s = 0; s < lists.size(); ++s) expected[s][i][j] = encode<T>(x[s]);
            }
        }
        for (std::size_t s = 0; s < lists.size(); ++s) {
            if (!lists[s].guards_survive()) return "a guard of slot " + std::to_string(s);
            const std::string found = difference_of(lists[s].tensors, expected[s]);
            if (!found.empty()) return "slot " + std::to_string(s) + ", " + found;
        }
        return {};
    }

    std::vector<TensorList<T>> lists;
};

template <class T> void check_adam(const kernels::Common& switches) {
    using R = Rounding<T, false>;
    const SlotLists<T> plain(4), maxima(5);
    fused::adam(plain[0], plain[1], plain[2], plain[3], {}, adam_terms, switches, grad_scale);
    CHECK(plain.difference([&](Compute<T>* x) { adam_reference<R, false>(x, adam_terms, switches, grad_scale); }) == "");
    fused::adam(maxima[0], maxima[1], maxima[2], maxima[3], maxima[4], adam_terms, switches, grad_scale);
    CHECK(maxima.difference([&](Compute<T>* x) { adam_reference<R, true>(x, adam_terms, switches, grad_scale); }) == "");
}

template <class T> void check_sgd(const kernels::SgdSwitches& switches) {
    using R = Rounding<T, false>;
    const SlotLists<T> plain(2), buffers(3);
    fused::sgd(plain[0], plain[1], {}, sgd_terms, switches, grad_scale);
    CHECK(plain.difference([&](Compute<T>* x) { sgd_reference<R, false>(x, sgd_terms, switches, grad_scale); }) == "");
    fused::sgd(buffers[0], buffers[1], buffers[2], sgd_terms, switches, grad_scale);
    CHECK(buffers.difference([&](Compute<T>* x) { sgd_reference<R, true>(x, sgd_terms, switches, grad_scale); }) == "");
}

}  // namespace

TEST_CASE("fused::adam is Adam's plain loop over any layout") {
    for_each_storage([]<class T>(T) {
        check_adam<T>({});
        check_adam<T>({.maximize = true, .coupled = true, .unscale = true});
    });
}

TEST_CASE("fused::sgd is SGD's plain loop over any layout") {
    for_each_storage([]<class T>(T) {
        check_sgd<T>({});
        check_sgd<T>({{.coupled = true}, true, false});
        check_sgd<T>({{.maximize = true, .unscale = true}, false, true});
    });
}

TEST_CASE("a list of mixed dtypes is updated in one call") {
    Tensors params, grads;
    for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::f16, DType::f32}) {
        params.push_back(tensor_of({1, 2, 3}, dtype));
        grads.push_back(tensor_of({4, 4, 4}, dtype));
    }
    fused::sgd(params, grads, {}, {0, 0, 1, -0.25});
    for (const Tensor& param : params) CHECK(numbers_of(param) == std::vector<double>{0, 1, 2});
}

TEST_CASE("gradients are only written when they are unscaled") {
    const float memory[2] = {8, 16};
    const Tensors params = {tensor_of({1, 1})}, grads = {borrow(memory, {2})};
    fused::sgd(params, grads, {}, {0, 0, 1, -0.125});
    CHECK(numbers_of(params[0]) == std::vector<double>{0, -1});
    CHECK(complaint([&] { fused::sgd(params, grads, {}, {0, 0, 1, -0.125}, {{.unscale = true}, false, false}, 2); }) ==
          "fused.sgd: grads must be writable, got a read-only tensor (tensor 0)");
    CHECK(numbers_of(params[0]) == std::vector<double>{0, -1});
    const Tensors writable = {tensor_of({8, 16})};
    fused::sgd(params, writable, {}, {0, 0, 1, -0.125}, {{.unscale = true}, false, false}, 2);
    CHECK(numbers_of(writable[0]) == std::vector<double>{4, 8});
    CHECK(numbers_of(params[0]) == std::vector<double>{-0.5, -2});
}

TEST_CASE("what does not fit is refused before the first write") {
    const Tensors params = {tensor_of({1, 2}), tensor_of({1, 2})}, grads = {tensor_of({1, 1}), tensor_of({1, 1})};
    const Tensors zeros_ = zeros_like(params), short_ = {zeros_[0]}, wide = {zeros_[0], tensor_of({0, 0}, DType::f64)};
    const Tensors longer = {zeros_[0], tensor_of({0, 0, 0})};
    CHECK(complaint([&] { fused::adam(params, short_, zeros_, zeros_, {}, adam_terms); }) == "fused.adam: grads must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { fused::adam(params, grads, longer, zeros_, {}, adam_terms); }) == "fused.adam: exp_avg must have shape (2,), got (3,) (tensor 1)");
    CHECK(complaint([&] { fused::adam(params, grads, zeros_, wide, {}, adam_terms); }) == "fused.adam: exp_avg_sq must be float32, got float64 (tensor 1)");
    CHECK(complaint([&] { fused::adam(params, grads, zeros_, zeros_, short_, adam_terms); }) == "fused.adam: max_exp_avg_sq must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { fused::sgd(params, grads, zeros_, {0, 0.9, 1, -1e39}); }) ==
          "fused.sgd: every term must be convertible to float32 without overflow, got one that is not (tensor 0)");
    const Tensors integers = {zeros({2}, DType::i64)};
    CHECK(contains(complaint([&] { fused::sgd(integers, integers, {}, sgd_terms); }), "params must be float64, float32, bfloat16 or float16, got int64"));
    for (const Tensor& param : params) CHECK(numbers_of(param) == std::vector<double>{1, 2});
}

TEST_CASE("any number of threads makes the same update") {
    const Tensor param = random_tensor({70'001}, DType::f32, 1), grad = random_tensor({70'001}, DType::f32, 2), other = param.clone();
    ThreadExecutor four(4);
    SerialExecutor serial;
    const Tensors state = zeros_like(std::vector<Tensor>(4, param));
    fused::adam(Tensors{param}, Tensors{grad}, Tensors{state[0]}, Tensors{state[1]}, {}, adam_terms, {}, 1, {.executor = &four});
    fused::adam(Tensors{other}, Tensors{grad}, Tensors{state[2]}, Tensors{state[3]}, {}, adam_terms, {}, 1, {.executor = &serial});
    CHECK((elements_of<float>(param) == elements_of<float>(other)));
    CHECK((elements_of<float>(state[1]) == elements_of<float>(state[3])));
}

}  // namespace ravine::testing
