#include "files.h"

#include <array>
#include <cmath>
#include <type_traits>

namespace ravine::testing {

using Kind = Value::Kind;
using namespace std::literals;

static_assert(sizeof(Value) == 16);
static_assert(!std::is_constructible_v<Value, const int*>, "a pointer must not become a bool");

std::vector<Value> one_of_each() {
    return {Value(), true, 1, 1.0, "1", Value::Bytes{"1"}, zeros({1}, DType::f32), List{1}, Tuple{1}, Set({1}), Dict{{"1", 1}}};
}

TEST_CASE("a value keeps its kind, and values of different kinds differ") {
    const std::vector<Value> values = one_of_each();
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(values[i].kind() == static_cast<Kind>(i));
        for (std::size_t j = 0; j < values.size(); ++j) CHECK((values[i] == values[j]) == (i == j));
    }
}

TEST_CASE("integers of any width are integers, floats are doubles") {
    CHECK(Value(std::uint8_t{255}).as<std::int64_t>() == 255);
    CHECK(Value(-1L).as<std::int64_t>() == -1);
    CHECK(Value(std::size_t{7}).as<std::int64_t>() == 7);
    CHECK(Value(0.1f).as<double>() == double{0.1f});
    CHECK(Value("abc"sv).as<std::string>() == "abc");
}

TEST_CASE("copies are deep but for the elements of tensors; moves leave null") {
    for (const Value& value : one_of_each()) {
        Value copy = value;
        CHECK(copy == value);
        const Value moved = std::move(copy);
        CHECK(moved == value);
        CHECK(copy.is_null());  // NOLINT(bugprone-use-after-move): promised
    }
    Value list = List{1, List{2}};
    const Value before = list;
    list.as<List>().items[1].as<List>().items[0] = 3;
    CHECK(before == Value(List{1, List{2}}));
    const Tensor tensor = zeros({2}, DType::f32);
    const Value shared = Dict{{"t", tensor}}, view = shared, own = shared.clone();
    tensor.span<float>()[0] = 5;
    CHECK(view == shared);
    CHECK(!(own == shared));
    list = list.as<List>().items[1];  // from inside itself
    CHECK(list == Value(List{3}));
}

TEST_CASE("clone keeps the class of every dict and its metadata") {
    for (const auto kind : {Dict::Kind::dict, Dict::Kind::ordered_dict, Dict::Kind::counter}) {
        Dict dict{{"a", Tuple{1, zeros({1}, DType::f32)}}};
        dict.kind = kind;
        dict.metadata = List{2};
        CHECK(Value(dict).clone() == Value(dict));
        CHECK(Value(dict).clone().as<Dict>().kind == kind);
    }
}

TEST_CASE("floats are equal when their bits are") {
    CHECK(Value(double{NAN}) == Value(double{NAN}));
    CHECK(!(Value(0.0) == Value(-0.0)));
}

TEST_CASE("tensors are equal when dtype, shape and elements are, whatever the strides") {
    std::array<float, 6> memory = {0, 1, 2, 3, 4, 5};
    const Tensor columns = borrow(memory.data(), {3, 2}, {.strides = {1, 3}});
    CHECK(Value(columns) == Value(columns.clone()));
    CHECK(Value(columns) == Value(tensor_of<float>({0, 3, 1, 4, 2, 5}, {3, 2})));
    CHECK(!(Value(columns) == Value(tensor_of<float>({0, 3, 1, 4, 2, 6}, {3, 2}))));
    CHECK(!(Value(columns) == Value(tensor_of<float>({0, 3, 1, 4, 2, 5}, {2, 3}))));
    CHECK(!(Value(zeros({1}, DType::f32)) == Value(zeros({1}, DType::i32))));
    CHECK(Value(zeros({0, 2}, DType::f32)) == Value(zeros({0, 2}, DType::f32)));
    CHECK(Value(Tensor()) == Value(Tensor()));
    CHECK(!(Value(Tensor()) == Value(zeros({}, DType::f32))));
}

TEST_CASE("asking for another kind names what is there") {
    CHECK(message_of<std::invalid_argument>([] { (void)Value(List{1, "a"}).as<double>(); }) == "Value: the kind must be float, got list ([1, 'a'])");
    CHECK(Value(1).get_if<double>() == nullptr);
    CHECK(Value(1.5).number() == 1.5);
    CHECK(Value(3).number() == 3);
    CHECK(Value(true).number() == 1);
    CHECK_THROWS_AS((void)Value("1").number(), std::invalid_argument);
    CHECK_THROWS_AS((void)Value(1).items(), std::invalid_argument);
    CHECK_THROWS_AS((void)Value(1).at("a"), std::invalid_argument);
    CHECK_THROWS_AS((void)Value(Dict{{"b", 1}}).at("a"), std::out_of_range);
    CHECK(Value(Dict{{"b", 1}}).at("b") == Value(1));
}

TEST_CASE("a value prints as one short line, as Python would") {
    CHECK(Value(List{nullptr, true, -3, 0.1, 1.0, "it's\n", Tuple{1}, Tuple{}}).to_string() == "[None, True, -3, 0.1, 1.0, 'it's\\n', (1,), ()]");
    CHECK(Value(Dict{{"a", zeros({2, 3}, DType::bf16)}, {"b", Value::Bytes{"xyz"}}}).to_string() == "{'a': tensor(bfloat16, (2, 3)), 'b': bytes(3)}");
    CHECK(Value(List(ValueList(1000, 1))).to_string() == "[1, 1, 1, 1, 1, 1, 1, 1, ...]");
    CHECK(Value(List{List{List{List{List{}}}}}).to_string().size() < 30);
    CHECK(Value(std::string(100'000, 'x')).to_string().size() < 200);
}

}  // namespace ravine::testing
