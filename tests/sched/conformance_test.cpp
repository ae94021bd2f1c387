// What torch's own tests ask of its schedulers, in our words.
#include "harness.h"

#include <ravine/optim/adam.h>

#include <cmath>

namespace ravine::testing {
namespace {

/// `count` rounds of the optimizer and all schedulers; whether every reported lr was that of the groups before and after each.
bool reports_lrs(Subject& subject, std::vector<sched::LRScheduler> schedulers, int count) {
    bool same = true;
    for (int i = 0; i < count; ++i) {
        same = same && schedulers.back().get_last_lr() == subject.lrs();
        subject.optimizer.step();
        for (auto& scheduler : schedulers) step(scheduler);
    }
    return same && schedulers.back().get_last_lr() == subject.lrs();
}

double constant_factor(std::int64_t) { return 0.9; }

struct Decay {
    double rate = 0.5;
    double operator()(std::int64_t epoch) const { return std::pow(rate, epoch); }
    Dict state_dict() const { return {{"rate", rate}}; }
    void load_state_dict(const Dict& state) { rate = state.at("rate").number(); }
};

}  // namespace

TEST_CASE("no class warns when it is built, and in the right order none ever does, but for the epoch of a switch") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject subject;
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        CHECK(subject.sink.codes.empty());
        for (int i = 0; i < 35; ++i) {
            subject.optimizer.step();
            step(scheduler);
        }
        CHECK(subject.sink.codes == std::vector<LogCode>(type == "SequentialLR" ? 1 : 0, LogCode::epoch_deprecated));
    }
}

TEST_CASE("a scheduler stepped before its optimizer warns once, a chain for each member, those that do not count never") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject subject;
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        step(scheduler);
        step(scheduler);
        const bool counts = type != "CosineAnnealingWarmRestarts" && type != "ReduceLROnPlateau";
        CHECK(subject.sink.codes == std::vector<LogCode>(type == "ChainedScheduler" ? 2
                                                         : counts                   ? 1
                                                                                    : 0,
                                                         LogCode::order_violation));
    }
}

TEST_CASE("ten calls with the same epoch give one lr and a warning each") {
    for (const std::string_view type : {"StepLR", "ExponentialLR", "ConstantLR", "LinearLR", "PolynomialLR"}) {
        CAPTURE(type);
        Subject subject;
        const Dict options = type == "StepLR"          ? Dict{{"step_size", 2}}
                             : type == "ExponentialLR" ? Dict{{"gamma", 0.5}}
                                                       : Dict{};
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        subject.optimizer.step();
        Numbers seen;
        for (int i = 0; i < 10; ++i) {
            scheduler.step(2);
            seen.push_back(subject.lr());
        }
        CHECK(seen == Numbers(10, seen[0]));
        CHECK(subject.sink.codes == std::vector(10, LogCode::epoch_deprecated));
    }
}

TEST_CASE("get_last_lr is the lr of the groups before and after every step, for every class") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject subject({0.1, 0.01});
        CHECK(reports_lrs(subject, {sched::make(type, subject.optimizer, options)}, 20));
    }
}

TEST_CASE("rules and closed forms are near one another through several periods") {
    const std::vector<Case> cases = {{"StepLR", {{"step_size", 3}}},
                                     {"LinearLR", {{"start_factor", 1.0 / 3}, {"end_factor", 0.7}, {"total_iters", 4}}},
                                     {"ConstantLR", {{"factor", 0.3}, {"total_iters", 4}}},
                                     {"MultiStepLR", {{"milestones", List{2, 5, 9}}}},
                                     {"ExponentialLR", {{"gamma", 0.9}}},
                                     {"PolynomialLR", {{"total_iters", 6}, {"power", 0.9}}},
                                     {"CosineAnnealingLR", {{"T_max", 5}}}};
    for (const auto& example : cases) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject by_rule({0.5, 0.05}), by_epoch({0.5, 0.05});
        sched::LRScheduler rule = sched::make(type, by_rule.optimizer, options),
                           closed = sched::make(type, by_epoch.optimizer, options);
        for (int epoch = 1; epoch <= 20; ++epoch) {
            rule.step();
            closed.step(epoch);
            CHECK(by_rule.lrs()[0] == doctest::Approx(by_epoch.lrs()[0]).epsilon(1e-12));
            CHECK(by_rule.lrs()[1] == doctest::Approx(by_epoch.lrs()[1]).epsilon(1e-12));
        }
    }
}

TEST_CASE("resumed by last_epoch after one step the reported lr is the same, for every class") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        if (options.contains("schedulers")) continue;  // their members would have to be resumed by themselves
        CAPTURE(type);
        Subject one, other;
        sched::LRScheduler first = sched::make(type, one.optimizer, options);
        one.optimizer.step();
        step(first);
        other.optimizer.load_state_dict(one.optimizer.state_dict());
        Dict resuming = options;
        if (type != "ReduceLROnPlateau") resuming.set("last_epoch", 0);
        sched::LRScheduler second = sched::make(type, other.optimizer, resuming);
        CHECK(second.get_last_lr() == first.get_last_lr());
        if (type != "ReduceLROnPlateau") CHECK(second.last_epoch() == 1);
    }
}

TEST_CASE("pairs stepped by hand multiply") {
    const std::vector<Case> cases = {{"StepLR", {{"step_size", 3}}},
                                     {"MultiStepLR", {{"milestones", List{2, 5}}}},
                                     {"ExponentialLR", {{"gamma", 0.9}}},
                                     {"LinearLR", {}},
                                     {"ConstantLR", {}},
                                     {"PolynomialLR", {{"total_iters", 30}}},
                                     {"CosineAnnealingLR", {{"T_max", 30}}}};
    for (const auto& a : cases) {
        for (const auto& b : cases) {
            CAPTURE(a.type);
            CAPTURE(b.type);
            Subject both({1}), one({1}), other({1}), chained({1});
            sched::LRScheduler first = sched::make(a.type, both.optimizer, a.options),
                               second = sched::make(b.type, both.optimizer, b.options);
            sched::LRScheduler alone = sched::make(a.type, one.optimizer, a.options),
                               other_alone = sched::make(b.type, other.optimizer, b.options);
            sched::ChainedScheduler chain(
                {sched::make(a.type, chained.optimizer, a.options), sched::make(b.type, chained.optimizer, b.options)});
            for (int i = 0; i < 10; ++i) {
                first.step();
                second.step();
                alone.step();
                other_alone.step();
                chain.step();
                CHECK(both.lr() == doctest::Approx(one.lr() * other.lr()).epsilon(1e-12));
                CHECK(chained.lr() == both.lr());
            }
        }
    }
}

TEST_CASE("ReduceLROnPlateau: improvement by min or max, relative or absolute") {
    const auto lr_after = [](sched::ReduceLROnPlateauOptions options, const Numbers& metrics) {
        Subject subject({0.5});
        sched::ReduceLROnPlateau scheduler(subject.optimizer, options);
        for (const double metric : metrics) scheduler.step(metric);
        return subject.lr();
    };
    const Numbers falling = {10, 9, 8, 7, 6, 5}, slow = {10, 9.95, 9.91, 9.9}, rising = {1, 2, 3, 4};
    CHECK(lr_after({.patience = 0}, falling) == 0.5);
    CHECK(lr_after({.mode = "max", .patience = 0}, rising) == 0.5);
    CHECK(lr_after({.factor = 0.1, .patience = 2, .threshold = 0.5, .threshold_mode = "abs"}, slow) == 0.05);
    CHECK(lr_after({.factor = 0.1, .patience = 2, .threshold = 0.5}, slow) == 0.05);
    CHECK(lr_after({.mode = "max", .factor = 0.1, .patience = 2, .threshold = 5, .threshold_mode = "abs"}, rising) == 0.05);
    CHECK(lr_after({.mode = "max", .factor = 0.1, .patience = 0, .min_lr = 0.2}, {1, 1, 1, 1}) == 0.2);
}

TEST_CASE("ReduceLROnPlateau takes a group that was added later with one min_lr, or with a list that was made to fit") {
    Subject subject({1, 1});
    sched::ReduceLROnPlateau one(subject.optimizer, {.factor = 0.5, .patience = 0});
    sched::ReduceLROnPlateau list(subject.optimizer, {.factor = 0.5, .patience = 0, .min_lr = {0.1, 0.2}});
    subject.add_group(1);
    one.step(1);
    one.step(1);
    CHECK(subject.lrs() == Numbers{0.5, 0.5, 0.5});
    list.step(1);
    const Value before = list.state_dict();
    CHECK(message_of<std::runtime_error>([&] { list.step(1); }) ==
          "ReduceLROnPlateau: min_lr must be one number, or one for each of the 3 groups, got 2 of them");
    CHECK(list.state_dict() == before);
    list.load_state_dict(Dict{{"min_lrs", List{0.3, 0.3, 0.3}}});
    list.step(1);
    CHECK(subject.lrs() == Numbers{0.3, 0.3, 0.3});
}

TEST_CASE("ReduceLROnPlateau follows other schedules") {
    const std::vector<Case> others = {{"StepLR", {{"step_size", 3}}},
                                      {"MultiStepLR", {{"milestones", List{1, 3}}}},
                                      {"ExponentialLR", {{"gamma", 0.9}}},
                                      {"CosineAnnealingLR", {{"T_max", 20}}},
                                      {"LinearLR", {}}};
    for (const auto& example : others) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject both({0.5}), alone({0.5});
        sched::ReduceLROnPlateau plateau(both.optimizer, {.factor = 0.5, .patience = 4});
        sched::LRScheduler other = sched::make(type, both.optimizer, options),
                           single = sched::make(type, alone.optimizer, options);
        for (int i = 0; i < 6; ++i) {
            plateau.step(1);
            other.step();
            single.step();
        }
        CHECK(both.lr() == doctest::Approx(alone.lr() / 2).epsilon(1e-12));
    }
}

TEST_CASE("a sequence of constants of factor 1 leaves the lr alone, and three stages follow one another") {
    Subject subject, staged;
    sched::ConstantLR one(subject.optimizer, {.factor = 1}), tenth(subject.optimizer, {.factor = 0.1});
    sched::SequentialLR sequence(subject.optimizer, {one, tenth}, {.milestones = {4}});
    CHECK(subject.lr() == 0.1);
    CHECK(subject.optimizer.param_groups()[0].number("initial_lr") == 0.1);
    sched::ConstantLR constant(staged.optimizer, {.factor = 0.5});
    sched::ExponentialLR exponential(staged.optimizer, {.gamma = 0.5});
    sched::StepLR steps(staged.optimizer, {.step_size = 2});
    sched::SequentialLR three(staged.optimizer, {constant, exponential, steps}, {.milestones = {2, 4}});
    CHECK(lrs_of(
              staged, [&] { three.step(); }, 6) == Numbers{0.05, 0.05, 0.1, 0.05, 0.1, 0.1, 0.010000000000000002});
    CHECK(three.last_epoch() == 6);
}

TEST_CASE("a scheduler of schedulers cannot take over later") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer);
    sched::ChainedScheduler chain({sched::ExponentialLR(subject.optimizer, {.gamma = 0.5})});
    sched::SequentialLR sequence(subject.optimizer, {constant, chain}, {.milestones = {2}});
    sequence.step();
    const double lr = subject.lr();
    CHECK(contains(complaint([&] { sequence.step(); }),
                   "SequentialLR: a scheduler of schedulers must be the first, got ChainedScheduler as schedulers[1]"));
    CHECK(sequence.last_epoch() == 1);
    CHECK(subject.lr() == lr);
}

TEST_CASE("CyclicLR: momentum mirrors the lr, of one number or one for each group, and beta1 likewise") {
    Subject subject({0.5, 0.05});
    sched::CyclicLR scheduler(subject.optimizer, {.base_lr = {1, 0.1},
                                                  .max_lr = {5, 0.5},
                                                  .step_size_up = 4,
                                                  .step_size_down = 6,
                                                  .base_momentum = {0.5, 0.6},
                                                  .max_momentum = {0.9, 0.8}});
    for (int i = 0; i < 20; ++i) {
        const double up = (subject.lrs()[0] - 1) / 4;
        CHECK(subject.lrs()[1] == doctest::Approx(0.1 + 0.4 * up));
        CHECK(subject.momentum(0) == doctest::Approx(0.9 - 0.4 * up));
        CHECK(subject.momentum(1) == doctest::Approx(0.8 - 0.2 * up));
        scheduler.step();
    }
    optim::Adam adam({Parameter(zeros({1}, DType::f32))}, {.betas = {0.7, 0.77}});
    sched::CyclicLR on_adam(adam, {.base_lr = 0.1, .max_lr = 1, .step_size_up = 1});
    CHECK(adam.param_groups()[0].options.betas == std::array{0.9, 0.77});
    on_adam.step();
    CHECK(adam.param_groups()[0].options.betas == std::array{0.8, 0.77});
    optim::Adam left({Parameter(zeros({1}, DType::f32))});
    sched::CyclicLR without(left, {.base_lr = 0.1, .max_lr = 1, .step_size_up = 1, .cycle_momentum = false});
    without.step();
    CHECK(left.param_groups()[0].options.betas == std::array{0.9, 0.999});
}

TEST_CASE("a cosine followed by a cycle on the same optimizer never exceeds max_lr") {
    Subject subject;
    sched::CosineAnnealingLR cosine(subject.optimizer, {.T_max = 20});
    sched::CyclicLR cyclic(subject.optimizer, {.base_lr = 0.01, .max_lr = 0.1, .step_size_up = 3});
    for (int i = 0; i < 60; ++i) {
        if (i < 20) cosine.step();
        else cyclic.step();
        CHECK(subject.lr() <= 0.1);
    }
}

TEST_CASE("CyclicLR built after another starts from initial_lr, and uses its own base_lr from the next step on") {
    Subject subject({0.5});
    sched::StepLR steps(subject.optimizer, {.step_size = 100});
    sched::CyclicLR cyclic(subject.optimizer, {.base_lr = 0.1, .max_lr = 0.3, .step_size_up = 2});
    CHECK(subject.lr() == 0.5);
    cyclic.step();
    CHECK(subject.lr() == doctest::Approx(0.2));
}

TEST_CASE("CyclicLR takes the mode from a state, and keeps a function of the user") {
    Subject subject, other;
    sched::CyclicLR half(subject.optimizer, {.base_lr = 1, .max_lr = 5, .step_size_up = 4, .mode = "triangular2"});
    sched::CyclicLR plain(other.optimizer, {.base_lr = 1, .max_lr = 5, .step_size_up = 4});
    plain.load_state_dict(half.state_dict());
    for (int i = 0; i < 13; ++i) {
        half.step();
        plain.step();
        CHECK(subject.lr() == other.lr());
    }
    sched::CyclicLR custom(other.optimizer, {.base_lr = 1, .max_lr = 5, .step_size_up = 4, .scale_fn = constant_factor});
    custom.load_state_dict(half.state_dict());
    CHECK(custom.state_dict().at("_scale_fn_custom").is_null());
    other.optimizer.param_groups()[0].set("lr", 1.0);
    custom.step(4);
    CHECK(other.lr() == doctest::Approx(1 + 4 * 0.9));
}

TEST_CASE("functions that have a state are saved and loaded, plain ones are not") {
    Subject subject({1, 1}), other({1, 1});
    sched::LambdaLR scheduler(subject.optimizer, {.lr_lambda = {Decay{0.25}, constant_factor}});
    const Value state = scheduler.state_dict();
    CHECK(state.at("lr_lambdas") == Value(List{Dict{{"rate", 0.25}}, nullptr}));
    sched::LambdaLR target(other.optimizer, {.lr_lambda = {Decay{0.5}, constant_factor}});
    target.load_state_dict(state);
    target.step();
    CHECK(other.lrs() == Numbers{0.25, 0.9});
    sched::LambdaLR stateless(other.optimizer, {.lr_lambda = constant_factor});
    CHECK(contains(complaint([&] { stateless.load_state_dict(state); }),
                   "LambdaLR: lr_lambdas must be None for a function without attributes, got {'rate': 0.25}"));
    sched::CyclicLR cyclic(other.optimizer, {.base_lr = 1, .max_lr = 5, .scale_fn = Decay{0.5}});
    CHECK(cyclic.state_dict().at("_scale_fn_custom") == Value(Dict{{"rate", 0.5}}));
}

TEST_CASE("different functions for different groups") {
    Subject subject({1, 1});
    sched::MultiplicativeLR scheduler(
        subject.optimizer, {.lr_lambda = {constant_factor, [](std::int64_t epoch) { return epoch == 1 ? 2.0 : 1.0; }}});
    scheduler.step();
    scheduler.step();
    CHECK(subject.lrs() == Numbers{0.9 * 0.9, 2.0});
}

TEST_CASE("OneCycleLR in ten linear steps, in two and in three phases") {
    Subject two({0.5}), three({0.5});
    sched::OneCycleLR first(two.optimizer, {.max_lr = 25,
                                            .total_steps = 10,
                                            .pct_start = 0.3,
                                            .anneal_strategy = "linear",
                                            .base_momentum = 1,
                                            .max_momentum = 22,
                                            .div_factor = 25,
                                            .final_div_factor = 2});
    const Numbers expected = {1, 13, 25, 21.5, 18, 14.5, 11, 7.5, 4, 0.5}, momenta = {22, 11.5, 1, 4, 7, 10, 13, 16, 19, 22};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(two.lr() == doctest::Approx(expected[i]));
        CHECK(two.momentum() == doctest::Approx(momenta[i]));
        if (i + 1 < expected.size()) first.step();
    }
    sched::OneCycleLR second(three.optimizer, {.max_lr = 25,
                                               .total_steps = 10,
                                               .pct_start = 0.4,
                                               .anneal_strategy = "linear",
                                               .cycle_momentum = false,
                                               .div_factor = 25,
                                               .final_div_factor = 4,
                                               .three_phase = true});
    const Numbers phases = {1, 9, 17, 25, 17, 9, 1, 0.75, 0.5, 0.25};
    for (std::size_t i = 0; i < phases.size(); ++i) {
        CHECK(three.lr() == doctest::Approx(phases[i]));
        if (i + 1 < phases.size()) second.step();
    }
}

TEST_CASE("OneCycleLR keeps its strategy when an old state names a function instead") {
    Subject subject;
    sched::OneCycleLR scheduler(subject.optimizer, {.max_lr = 1, .total_steps = 9, .anneal_strategy = "linear"});
    Dict state = scheduler.state_dict().as<Dict>();
    state.erase("_anneal_func_type");
    state.set("anneal_func", "OneCycleLR._annealing_cos");
    scheduler.load_state_dict(state);
    CHECK(scheduler.state_dict().at("_anneal_func_type") == Value("linear"));
}

TEST_CASE("WarmRestarts goes on from a jump, from a fraction, and from a T_cur that was set") {
    Subject subject;
    sched::CosineAnnealingWarmRestarts scheduler(subject.optimizer, {.T_0 = 4});
    const auto phase = [&] { return scheduler.state_dict().at("T_cur").number(); };
    scheduler.step(27);
    CHECK(phase() == 3);
    scheduler.step();
    CHECK(phase() == 0);
    CHECK(scheduler.last_epoch() == 28);
    scheduler.step(2.5);
    CHECK(scheduler.last_epoch() == 2);
    scheduler.step();
    CHECK(phase() == 3.5);
    CHECK(scheduler.last_epoch() == 3);
    for (const int set : {7, 8, 9}) {
        scheduler.load_state_dict(Dict{{"T_cur", set}});
        scheduler.step();
        CHECK(phase() == (set + 1) % 4);
    }
    CHECK(subject.sink.codes.empty());
}

TEST_CASE("SWALR follows another schedule, and has one target or one for each group") {
    Subject subject({1, 0.5});
    sched::MultiplicativeLR before(subject.optimizer, {.lr_lambda = constant_factor});
    sched::SWALR scheduler(subject.optimizer, {.swa_lr = {0.01, 0.02}, .anneal_epochs = 4, .anneal_strategy = "linear"});
    for (int i = 0; i < 3; ++i) before.step();
    const Numbers start = subject.lrs();
    for (int i = 1; i <= 6; ++i) {
        scheduler.step();
        const double done = std::min(i, 4) / 4.0;
        CHECK(subject.lrs()[0] == doctest::Approx(0.01 * done + start[0] * (1 - done)));
        CHECK(subject.lrs()[1] == doctest::Approx(0.02 * done + start[1] * (1 - done)));
    }
    CHECK(subject.lrs() == Numbers{0.01, 0.02});
    Subject at_once;
    sched::SWALR one(at_once.optimizer, {.swa_lr = 0.05, .anneal_epochs = 1});
    one.step();
    CHECK(at_once.lr() == 0.05);
}

TEST_CASE("dropping a scheduler frees what it holds") {
    struct Watched {
        std::shared_ptr<int> token;
        double operator()(std::int64_t) const { return *token; }
    };
    const auto token = std::make_shared<int>(1);
    Subject subject;
    {
        sched::LambdaLR function(subject.optimizer, {.lr_lambda = Watched{token}});
        sched::CyclicLR cyclic(subject.optimizer, {.base_lr = 0.1, .max_lr = 1, .scale_fn = Watched{token}});
        sched::ChainedScheduler chain({function, cyclic});
        chain.step();
        CHECK(token.use_count() > 1);
    }
    CHECK(token.use_count() == 1);
    CHECK(subject.optimizer.group_set().use_count() == 1);
}

}  // namespace ravine::testing
