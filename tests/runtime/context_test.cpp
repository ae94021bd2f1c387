#include "../complaints.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace ravine::testing {
namespace {

/// Another value of RAVINE_ISA while it lives.
class Environment {
  public:
    explicit Environment(const char* value) {
        if (const char* old = std::getenv("RAVINE_ISA")) before_ = old;
        if (value != nullptr) ::setenv("RAVINE_ISA", value, 1);
        else ::unsetenv("RAVINE_ISA");
    }
    ~Environment() {
        if (before_) ::setenv("RAVINE_ISA", before_->c_str(), 1);
        else ::unsetenv("RAVINE_ISA");
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("every CPU has scalar kernels, and the best set is an available one") {
    CHECK(is_available(Isa::scalar));
    CHECK(is_available(isa_from_name("best")));
    for (const Isa isa : {Isa::avx2, Isa::avx512}) {
        if (is_available(isa)) CHECK(isa_from_name("best") >= isa);
    }
}

TEST_CASE("instruction sets are found by their names, and missing ones are refused") {
    for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
        if (is_available(isa)) CHECK(isa_from_name(name(isa)) == isa);
        else CHECK(contains(message_of<std::runtime_error>([=] { (void)isa_from_name(name(isa)); }), "isa must be one that this CPU and this library have, got " + std::string(name(isa))));
    }
    CHECK(contains(message_of<std::invalid_argument>([] { (void)isa_from_name("sse9"); }), "must be scalar, avx2, avx512 or best, got 'sse9'"));
}

TEST_CASE("RAVINE_ISA chooses the instruction set; without it the best one is taken") {
    {
        const Environment scalar("scalar");
        CHECK(default_isa() == Isa::scalar);
    }
    {
        const Environment empty("");
        CHECK(default_isa() == isa_from_name("best"));
    }
    {
        const Environment none(nullptr);
        CHECK(default_isa() == isa_from_name("best"));
    }
    const Environment unknown("mmx");
    CHECK(contains(message_of<std::invalid_argument>([] { (void)default_isa(); }), "got 'mmx'"));
}

}  // namespace ravine::testing
