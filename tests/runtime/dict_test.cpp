#include "files.h"

#include <chrono>

namespace ravine::testing {

std::vector<std::string> keys_of(const Dict& dict) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : dict) keys.push_back(key.to_string());
    return keys;
}

using Keys = std::vector<std::string>;

TEST_CASE("a dict keeps the order of insertion and replaces in place") {
    Dict dict{{"b", 1}, {"a", 2}, {"b", 3}};
    CHECK(keys_of(dict) == Keys{"'b'", "'a'"});
    dict.set("c", 4);
    dict.set("a", 5);
    CHECK(keys_of(dict) == Keys{"'b'", "'a'", "'c'"});
    CHECK(dict.at("a") == Value(5));
    CHECK(!dict.insert("a", 6));
    CHECK(dict.at("a") == Value(5));
    CHECK(dict.insert("d", 6));
    CHECK(dict.erase("b"));
    CHECK(!dict.erase("b"));
    CHECK(keys_of(dict) == Keys{"'a'", "'c'", "'d'"});
}

TEST_CASE("keys of different kinds are different keys") {
    Dict dict;
    for (const Value& key : {Value(1), Value(1.0), Value(true), Value("1"), Value(Value::Bytes{"1"}), Value(Tuple{1}), Value(Tuple{"1"}), Value()}) {
        CHECK(dict.insert(key, key));
    }
    CHECK(dict.size() == 8);
    CHECK(dict.at(Tuple{1}) == Value(Tuple{1}));
    CHECK(dict.at(1.0) == Value(1.0));
}

TEST_CASE("a long dict finds, replaces and erases like a short one") {
    for (const int size : {1, 15, 16, 17, 31, 32, 33, 1000}) {
        Dict dict;
        for (int i = 0; i < size; ++i) CHECK(dict.insert(i, -i));
        for (int i = 0; i < size; i += 3) dict.set(i, "x");
        for (int i = 1; i < size; i += 3) CHECK(dict.erase(i));
        CHECK(dict.size() == static_cast<std::size_t>(size - (size + 1) / 3));
        for (int i = -1; i <= size; ++i) {
            const bool there = i >= 0 && i < size && i % 3 != 1;
            CHECK(dict.contains(i) == there);
            if (there) CHECK(dict.at(i) == (i % 3 == 0 ? Value("x") : Value(-i)));
        }
        const Dict copy = dict;
        CHECK(copy == dict);
        CHECK(copy.contains(0));
    }
}

TEST_CASE("a missing key is an error that lists the known ones") {
    CHECK(message_of<std::out_of_range>([] { (void)Dict{{"lr", 1}, {"betas", 2}}.at("beta"); }) == "dict: the key must be one of ['lr', 'betas'], got 'beta'");
    Dict many;
    for (int i = 0; i < 1000; ++i) many.set(i, 0);
    CHECK(message_of<std::out_of_range>([&] { (void)many.at("x"); }) == "dict: the key must be one of [0, 1, 2, 3, 4, 5, 6, 7, ...], got 'x'");
}

TEST_CASE("dicts are equal when keys, order, values, class and metadata are") {
    const Dict dict{{"a", 1}, {"b", 2}}, reversed{{"b", 2}, {"a", 1}};
    Dict other = dict;
    CHECK(other == dict);
    CHECK(!(reversed == dict));
    other.kind = Dict::Kind::counter;
    CHECK(!(other == dict));
    other = dict;
    other.metadata = 1;
    CHECK(!(other == dict));
}

TEST_CASE("a hundred thousand keys take a moment, not minutes") {
    const auto start = std::chrono::steady_clock::now();
    Dict dict;
    for (int i = 0; i < 100'000; ++i) dict.set("key " + std::to_string(i), i);
    for (int i = 0; i < 100'000; ++i) CHECK_FALSE(dict.find("key " + std::to_string(i))->is_null());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

}  // namespace ravine::testing
