#include "../complaints.h"
#include "../tensors.h"

#include <ravine/runtime/sparse.h>
#include <ravine/runtime/value.h>

#include <doctest/doctest.h>

#include <stdexcept>

namespace ravine::testing {
namespace {

Tensor indices_of(const std::vector<std::vector<std::int64_t>>& rows) {
    const Tensor result = zeros({rows.size(), rows[0].size()}, DType::i64);
    std::int64_t* to = result.span<std::int64_t>().data();
    for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
    return result;
}

std::vector<std::int64_t> integers_of(const Tensor& tensor) {
    const auto span = tensor.span<const std::int64_t>();
    return {span.begin(), span.end()};
}

/// Rows 2, 0 and 2 of a table of four rows.
SparseTensor repeated(DType dtype = DType::f32) {
    return {indices_of({{2, 0, 2}}), tensor_of({1, 2, 3, 4, 5, 6}, dtype).view({3, 2}), {4, 2}};
}

}  // namespace

TEST_CASE("a sparse tensor sees what it is made of") {
    const SparseTensor sparse = repeated();
    CHECK(sparse.defined());
    CHECK_FALSE(SparseTensor().defined());
    CHECK(sparse.sparse_dim() == 1);
    CHECK(sparse.nnz() == 3);
    CHECK(sparse.shape() == Shape{4, 2});
    CHECK_FALSE(sparse.is_coalesced());
    const Tensor values = tensor_of({1, 2});
    CHECK(SparseTensor(indices_of({{0, 1}}), values, {2}).values().is_same_view(values));
}

TEST_CASE("coalescing sorts the places and adds what is at one place in the order of storage") {
    const SparseTensor sums = repeated().coalesce();
    CHECK(sums.is_coalesced());
    CHECK(integers_of(sums.indices()) == std::vector<std::int64_t>{0, 2});
    CHECK(numbers_of(sums.values()) == std::vector<double>{3, 4, 6, 8});
    // 1 + 1e-8 + 1e-8 is 1 in float32 when added from the left, and is not when the small ones come first.
    const auto summed = [](const std::vector<double>& values) {
        return numbers_of(SparseTensor(indices_of({{0, 0, 0}}), tensor_of(values), {1}).coalesce().values())[0];
    };
    CHECK(summed({1, 4e-8, 4e-8}) == 1);
    CHECK(summed({4e-8, 4e-8, 1}) > 1);
    const SparseTensor half(indices_of({{0, 0, 0}}), tensor_of({256, 1, 1}, DType::bf16), {1});
    CHECK(numbers_of(half.coalesce().values())[0] == 256);
}

TEST_CASE("coalescing what is sorted and distinct takes no memory") {
    const Tensor values = tensor_of({1, 2});
    const SparseTensor sparse(indices_of({{0, 3}}), values, {5});
    CHECK(sparse.coalesce().values().is_same_view(values));
    CHECK(sparse.coalesce().is_coalesced());
}

TEST_CASE("several sparse dimensions are sorted in row-major order") {
    const SparseTensor sparse(indices_of({{1, 0, 1, 0}, {0, 2, 0, 1}}), tensor_of({1, 2, 3, 4}), {2, 3});
    const SparseTensor sums = sparse.coalesce();
    CHECK(integers_of(sums.indices()) == std::vector<std::int64_t>{0, 0, 1, 1, 2, 0});
    CHECK(numbers_of(sums.values()) == std::vector<double>{4, 2, 4});
    CHECK(numbers_of(sparse.to_dense()) == std::vector<double>{0, 4, 2, 4, 0, 0});
}

TEST_CASE("to_dense has the sums, and zeros elsewhere") {
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        const Tensor dense = repeated(dtype).to_dense();
        CHECK(dense.dtype() == dtype);
        CHECK(dense.shape() == Shape{4, 2});
        CHECK(numbers_of(dense) == std::vector<double>{3, 4, 0, 0, 6, 8, 0, 0});
    }
}

TEST_CASE("gather and scatter reach the places of a dense tensor in any layout") {
    const SparseTensor sparse = repeated().coalesce();
    const Tensor dense = tensor_of({0, 1, 2, 3, 4, 5, 6, 7}).view({4, 2});
    const Tensor transposed = empty_strided({4, 2}, {1, 4}, DType::f32);
    transposed.copy_(dense);
    for (const Tensor& target : {dense, transposed}) {
        CHECK(numbers_of(sparse.gather(target)) == std::vector<double>{0, 1, 4, 5});
        sparse.scatter(tensor_of({-1, -2, -3, -4}).view({2, 2}), target);
        CHECK(numbers_of(target) == std::vector<double>{-1, -2, 2, 3, -3, -4, 6, 7});
    }
}

TEST_CASE("nothing stored, nothing to store and no dimension are no errors") {
    const SparseTensor none = repeated().emptied();
    CHECK(none.nnz() == 0);
    CHECK(none.coalesce().nnz() == 0);
    CHECK(numbers_of(none.to_dense()) == std::vector<double>(8));
    const SparseTensor thin(indices_of({{1, 0, 1}}), zeros({3, 0}, DType::f32), {2, 0});
    CHECK(thin.coalesce().nnz() == 2);
    CHECK(thin.gather(zeros({2, 0}, DType::f32)).shape() == Shape{3, 0});
    const SparseTensor scalar(zeros({0, 2}, DType::i64), tensor_of({1, 2}), {});
    CHECK(scalar.coalesce().nnz() == 1);
    CHECK(scalar.to_dense().item() == 3);
}

TEST_CASE("parts that do not fit are refused with the reason") {
    const auto complaint = [](const Tensor& indices, const Tensor& values, const Shape& shape, bool coalesced = false) {
        return message_of<std::invalid_argument>([&] { SparseTensor(indices, values, shape, coalesced); });
    };
    const Tensor one = indices_of({{0}}), value = tensor_of({1});
    CHECK(contains(complaint(Tensor(), value, {2}), "SparseTensor: indices and values must be tensors"));
    CHECK(contains(complaint(zeros({1, 1}, DType::i32), value, {2}), "indices must be int64 of 2 dimensions, got int32 (1, 1)"));
    CHECK(contains(complaint(zeros({1}, DType::i64), value, {2}), "got int64 (1,)"));
    CHECK(contains(complaint(one, zeros({1}, DType::i64), {2}), "values must be floating-point, got int64"));
    CHECK(contains(complaint(one, value, {}), "at most 0 rows"));
    CHECK(contains(complaint(one, tensor_of({1, 2}), {2}), "values must have shape (1,), got (2,)"));
    CHECK(contains(complaint(one, value, {2, 3}), "values must have shape (1, 3)"));
    CHECK(contains(complaint(indices_of({{2}}), value, {2}), "indices of dimension 0 must be from 0 to 1, got 2"));
    CHECK(contains(complaint(indices_of({{-1}}), value, {2}), "got -1"));
    CHECK(contains(complaint(one, value, {-2}), "sizes must be >= 0"));
    CHECK(contains(complaint(indices_of({{0}, {0}}), value, {std::int64_t{1} << 40, std::int64_t{1} << 40}), "overflow"));
    CHECK(contains(complaint(indices_of({{1, 0}}), tensor_of({1, 2}), {2}, true), "distinct and in row-major order"));
    CHECK(contains(complaint(indices_of({{1, 1}}), tensor_of({1, 2}), {2}, true), "distinct"));
    CHECK(complaint(indices_of({{0, 1}}), tensor_of({1, 2}), {2}, true).empty());
}

TEST_CASE("indices that left the shape since are refused wherever they would be followed") {
    const Tensor indices = indices_of({{0, 1}});
    const SparseTensor sparse(indices, tensor_of({1, 2}), {2}, true);
    const Tensor dense = zeros({2}, DType::f32);
    indices.span<std::int64_t>()[1] = 7;
    CHECK_THROWS_AS(sparse.check_indices(), std::invalid_argument);
    CHECK_THROWS_AS(sparse.coalesce(), std::invalid_argument);
    CHECK_THROWS_AS(sparse.gather(dense), std::invalid_argument);
    CHECK_THROWS_AS(sparse.scatter(tensor_of({1, 2}), dense), std::invalid_argument);
    CHECK(numbers_of(dense) == std::vector<double>{0, 0});
}

TEST_CASE("a dense tensor that does not fit is refused before it is written") {
    const SparseTensor sparse = repeated().coalesce();
    const auto refuses = [&](const Tensor& values, const Tensor& dense) {
        return !message_of<std::invalid_argument>([&] { sparse.scatter(values, dense); }).empty();
    };
    CHECK(refuses(zeros({2, 2}, DType::f32), zeros({4, 3}, DType::f32)));
    CHECK(refuses(zeros({2, 2}, DType::f64), zeros({4, 2}, DType::f32)));
    CHECK(refuses(zeros({4}, DType::f32), zeros({4, 2}, DType::f32)));
    CHECK(refuses(Tensor(), zeros({4, 2}, DType::f32)));
    CHECK_THROWS_AS(sparse.gather(Tensor()), std::invalid_argument);
}

}  // namespace ravine::testing
