// Every list function on a device: the bits are the CPU's.
#include "places.h"

#include <ravine/runtime/foreach.h>

#include <functional>

namespace ravine::testing {
namespace {

using foreach::Tensors;

struct Lists {
    Tensors a, b, c;
};

Lists host_lists(DType dtype) {
    Lists lists;
    std::uint64_t seed = 1;
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{1024}, Shape{2100}, Shape{40, 33}}) {
        for (Tensors* list : {&lists.a, &lists.b, &lists.c}) list->push_back(random_tensor(shape, dtype, seed++));
    }
    return lists;
}

Tensors placed(const Tensors& list, std::size_t salt) {
    Tensors result;
    for (std::size_t i = 0; i < list.size(); ++i) result.push_back(place(list[i], i % 2 == 0 ? Layout::packed : every_layout[(i / 2 + salt) % 4]));
    return result;
}

bool all_same(const Tensors& a, const Tensors& b) {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i) same = same_bits(a[i], b[i]);
    return same;
}

using Function = std::function<Tensors(const Lists&)>;
const std::pair<const char*, Function> functions[] = {
    {"add scalar", [](const Lists& l) { return foreach::add(l.a, 0.7); }},
    {"add", [](const Lists& l) { return foreach::add(l.a, l.b); }},
    {"add alpha", [](const Lists& l) { return foreach::add(l.a, l.b, 0.3); }},
    {"sub scalar", [](const Lists& l) { return foreach::sub(l.a, 0.7); }},
    {"sub", [](const Lists& l) { return foreach::sub(l.a, l.b); }},
    {"mul scalar", [](const Lists& l) { return foreach::mul(l.a, 1.7); }},
    {"mul list", [](const Lists& l) { return foreach::mul(l.a, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}); }},
    {"mul", [](const Lists& l) { return foreach::mul(l.a, l.b); }},
    {"div scalar", [](const Lists& l) { return foreach::div(l.a, 0.3); }},
    {"div", [](const Lists& l) { return foreach::div(l.a, l.b); }},
    {"addcmul", [](const Lists& l) { return foreach::addcmul(l.a, l.b, l.c, 0.4); }},
    {"addcdiv", [](const Lists& l) { return foreach::addcdiv(l.a, l.b, l.c, 0.4); }},
    {"lerp", [](const Lists& l) { return foreach::lerp(l.a, l.b, 0.2); }},
    {"lerp far", [](const Lists& l) { return foreach::lerp(l.a, l.b, 0.8); }},
    {"lerp tensor", [](const Lists& l) { return foreach::lerp(l.a, l.b, l.c); }},
    {"maximum", [](const Lists& l) { return foreach::maximum(l.a, l.b); }},
    {"maximum scalar", [](const Lists& l) { return foreach::maximum(l.a, 0.1); }},
    {"minimum", [](const Lists& l) { return foreach::minimum(l.a, l.b); }},
    {"minimum scalar", [](const Lists& l) { return foreach::minimum(l.a, 0.1); }},
    {"clamp", [](const Lists& l) { return foreach::clamp(l.a, -0.2, 0.3); }},
    {"clamp tensors", [](const Lists& l) { return foreach::clamp(l.a, l.b, l.c); }},
    {"abs", [](const Lists& l) { return foreach::abs(l.a); }},
    {"neg", [](const Lists& l) { return foreach::neg(l.a); }},
    {"sign", [](const Lists& l) { return foreach::sign(l.a); }},
    {"sqrt", [](const Lists& l) { return foreach::sqrt(foreach::abs(l.a)); }},
    {"rsqrt", [](const Lists& l) { return foreach::rsqrt(foreach::abs(l.a)); }},
    {"reciprocal", [](const Lists& l) { return foreach::reciprocal(l.a); }},
    {"pow 2", [](const Lists& l) { return foreach::pow(l.a, 2); }},
    {"pow -1", [](const Lists& l) { return foreach::pow(l.a, -1); }},
    {"norm", [](const Lists& l) { return foreach::norm(l.a); }},
    {"norm 1", [](const Lists& l) { return foreach::norm(l.a, 1); }},
};

}  // namespace

TEST_CASE("every list function gives the CPU's bits on a device") {
    for (const DType dtype : every_type) {
        const Lists host = host_lists(dtype);
        const Lists there{placed(host.a, 0), placed(host.b, 1), placed(host.c, 2)};
        for (const auto& [what, function] : functions) {
            const std::string called = what;
            CAPTURE(called);
            CAPTURE(std::string(name(dtype)));
            CHECK(all_same(function(there), function(host)));
        }
        CHECK(all_same(there.a, host.a));
    }
}

TEST_CASE("a list function in place writes where its tensors lie, gaps untouched") {
    for (const DType dtype : every_type) {
        const Lists host = host_lists(dtype);
        const Lists there{placed(host.a, 2), placed(host.b, 3), placed(host.c, 0)};
        foreach::addcmul_(host.a, host.b, host.c, 0.5);
        foreach::addcmul_(there.a, there.b, there.c, 0.5);
        CHECK(all_same(there.a, host.a));
        foreach::mul_(host.a, host.a);
        foreach::mul_(there.a, there.a);
        CHECK(all_same(there.a, host.a));
    }
}

}  // namespace ravine::testing
