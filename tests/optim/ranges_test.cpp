// What each class's constructor checks of its options, and what it lets pass: torch's ranges, class by class.
#include "harness.h"

#include <cmath>
#include <limits>

namespace ravine::testing {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr double smallest = std::numeric_limits<double>::denorm_min();

struct ClassOptions {
    const char* class_name;
    std::vector<const char*> options;
};

const std::vector<ClassOptions> never_negative = {
    {"SGD", {"lr", "momentum", "weight_decay"}},
    {"Adam", {"lr", "eps", "weight_decay"}},
    {"AdamW", {"lr", "eps", "weight_decay"}},
    {"Adagrad", {"lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"}},
    {"Adadelta", {"lr", "eps", "weight_decay"}},
    {"Adamax", {"lr", "eps", "weight_decay"}},
    {"RMSprop", {"lr", "alpha", "eps", "weight_decay", "momentum"}},
    {"Rprop", {"lr"}},
    {"ASGD", {"lr", "weight_decay"}},
    {"NAdam", {"lr", "eps", "weight_decay", "momentum_decay"}},
    {"RAdam", {"lr", "eps", "weight_decay"}},
    {"Adafactor", {"lr", "weight_decay"}},
    {"LBFGS", {"lr"}},
    {"Muon", {"lr", "weight_decay", "momentum"}},
};

const std::vector<const char*> with_betas = {"Adam", "AdamW", "SparseAdam", "Adamax", "NAdam", "RAdam"};

const std::vector<ClassOptions> unchecked = {
    {"SGD", {"dampening"}},
    {"ASGD", {"lambd", "alpha", "t0"}},
    {"LBFGS", {"tolerance_grad", "tolerance_change"}},
    {"Muon", {"eps"}},
};

}  // namespace

TEST_CASE("every class of torch.optim is in the tables of ranges") {
    std::vector<std::string_view> named = {"SparseAdam"};
    for (const ClassOptions& one : never_negative) named.emplace_back(one.class_name);
    std::sort(named.begin(), named.end());
    CHECK(named == optim::names());
}

TEST_CASE("an option that must not be negative is refused by name and value, and takes both zeros and infinity") {
    for (const ClassOptions& one : never_negative) {
        const std::string name = one.class_name;
        for (const char* option : one.options) {
            CAPTURE(name + "." + option);
            for (const auto& [bad, shown] : {std::pair{-0.5, "-0.5"}, std::pair{-smallest, "-5e-324"}, std::pair{-infinity, "-inf"}}) {
                CHECK(option_complaint(name, Dict{{option, bad}}) == name + ": " + option + " must be >= 0, got " + shown);
            }
            for (const double good : {0.0, -0.0, smallest, 1e30, infinity}) CHECK(option_complaint(name, Dict{{option, good}}).empty());
            CHECK(option_complaint(name, Dict{{option, 0}}).empty());
        }
    }
}

TEST_CASE("NaN is refused by every class but SGD, which asks whether a number is negative") {
    for (const ClassOptions& one : never_negative) {
        const std::string name = one.class_name;
        for (const char* option : one.options) {
            const std::string text = option_complaint(name, Dict{{option, nan}});
            if (name == "SGD") CHECK(text.empty());
            else CHECK(text == name + ": " + option + " must be >= 0, got nan");
        }
    }
}

TEST_CASE("each beta is at least 0 and less than 1") {
    for (const std::string name : with_betas) {
        CAPTURE(name);
        for (const double bad : {1.0, 1.5, -0.1, -smallest, infinity, nan}) {
            const std::string must = " must be in [0, 1), got ";
            CHECK(contains(option_complaint(name, {{"betas", Tuple{bad, 0.5}}}), name + ": betas[0]" + must));
            CHECK(contains(option_complaint(name, {{"betas", Tuple{0.5, bad}}}), name + ": betas[1]" + must));
        }
        CHECK(option_complaint(name, {{"betas", Tuple{0.9, 1.5}}}) == name + ": betas[1] must be in [0, 1), got 1.5");
        for (const double good : {0.0, -0.0, smallest, 1 - 0x1p-53}) CHECK(option_complaint(name, {{"betas", Tuple{good, good}}}).empty());
    }
}

TEST_CASE("options that torch does not check take any number") {
    for (const ClassOptions& one : unchecked) {
        const std::string name = one.class_name;
        for (const char* option : one.options) {
            for (const double any : {-1.0, -0.0, 1e300, infinity, -infinity, nan}) {
                CAPTURE(name + "." + option);
                CAPTURE(any);
                CHECK(option_complaint(name, Dict{{option, any}}).empty());
            }
        }
    }
    for (const Tuple& any : {Tuple{5.0, 1.0}, Tuple{-1.0, nan}, Tuple{infinity, -infinity}}) CHECK(option_complaint("Rprop", {{"step_sizes", any}}).empty());
    for (const int any : {-3, 0, 1}) CHECK(option_complaint("LBFGS", {{"max_iter", any}}).empty());
    CHECK(option_complaint("Muon", {{"ns_steps", -1}}).empty());
}

TEST_CASE("Nesterov's momentum is refused without a momentum, and with dampening") {
    const std::string must = "SGD: nesterov needs a momentum > 0 and zero dampening";
    CHECK(contains(option_complaint("SGD", {{"nesterov", true}}), must));
    CHECK(contains(option_complaint("SGD", {{"nesterov", true}, {"momentum", 0.9}, {"dampening", 0.1}}), must));
    CHECK(option_complaint("SGD", {{"nesterov", true}, {"momentum", 0.9}, {"dampening", -0.0}}).empty());
    CHECK(option_complaint("SGD", {{"nesterov", true}, {"momentum", -0.9}}) == "SGD: momentum must be >= 0, got -0.9");
}

TEST_CASE("Adadelta's rho may be 0 and 1 and between") {
    for (const double good : {0.0, 0.5, 1.0}) CHECK(option_complaint("Adadelta", {{"rho", good}}).empty());
    CHECK(option_complaint("Adadelta", {{"rho", 1.1}}) == "Adadelta: rho must be in [0, 1], got 1.1");
    CHECK(option_complaint("Adadelta", {{"rho", -smallest}}) == "Adadelta: rho must be in [0, 1], got -5e-324");
    CHECK(option_complaint("Adadelta", {{"rho", nan}}) == "Adadelta: rho must be in [0, 1], got nan");
}

TEST_CASE("Rprop's factors lie on both sides of 1") {
    CHECK(option_complaint("Rprop", {{"etas", Tuple{1.0, 0.5}}}) == "Rprop: etas must be 0 < etas[0] < 1 < etas[1], got (1.0, 0.5)");
    for (const Tuple& bad : {Tuple{0.0, 1.2}, Tuple{1.0, 1.2}, Tuple{0.5, 1.0}, Tuple{-0.5, 1.2}, Tuple{nan, 1.2}, Tuple{0.5, nan}}) {
        CHECK(contains(option_complaint("Rprop", {{"etas", bad}}), "Rprop: etas must be 0 < etas[0] < 1 < etas[1]"));
    }
    for (const Tuple& good : {Tuple{smallest, infinity}, Tuple{1 - 0x1p-53, 1 + 0x1p-52}}) CHECK(option_complaint("Rprop", {{"etas", good}}).empty());
}

TEST_CASE("SparseAdam alone needs an lr and an eps above 0") {
    for (const std::string option : {"lr", "eps"}) {
        for (const double bad : {0.0, -0.0, -0.5, -infinity, nan}) {
            CHECK(contains(option_complaint("SparseAdam", Dict{{option, bad}}), "SparseAdam: " + option + " must be > 0, got "));
        }
        for (const double good : {smallest, infinity}) CHECK(option_complaint("SparseAdam", Dict{{option, good}}).empty());
    }
}

TEST_CASE("a range is asked of the options of a group too, and of those that a file brings") {
    for (const ClassOptions& one : never_negative) {
        const std::string name = one.class_name;
        if (name == "LBFGS") continue;  // has one group
        for (const char* option : one.options) {
            Optimizer optimizer = optim::make(name, {some_parameter()});
            const std::string must = std::string(option) + " must be >= 0, got -1";
            CHECK(complaint([&] { optimizer.add_param_group({some_parameter()}, Dict{{option, -1}}); }) == name + ": " + must + " (group 1)");
            if (std::string_view(option) == "lr") continue;  // schedules may end below zero
            Value state = optimizer.state_dict().clone();
            state.at("param_groups").as<List>().items[0].as<Dict>().set(option, -1.0);
            CHECK(contains(complaint([&] { optimizer.load_state_dict(state); }), must + " (param_groups[0])"));
            CHECK(optimizer.param_groups().size() == 1);
        }
    }
}

}  // namespace ravine::testing
