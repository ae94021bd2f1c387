#include "harness.h"

#include <ravine/optim/adamw.h>

namespace ravine::testing {

using sched::CosineAnnealingLR;
using sched::StepLR;

namespace {

std::vector<std::string> keys_of(const Value& state) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : state.as<Dict>()) keys.push_back(key.as<std::string>());
    return keys;
}

}  // namespace

TEST_CASE("state dicts have torch's keys in torch's order") {
    Subject subject;
    StepLR steps(subject.optimizer, {.step_size = 3});
    CosineAnnealingLR cosine(subject.optimizer, {.T_max = 5});
    const std::vector<std::string> tail = {"base_lrs", "last_epoch", "_step_count", "_is_initial", "_get_lr_called_within_step",
                                           "_last_lr"};
    std::vector<std::string> expected = {"step_size", "gamma"};
    expected.insert(expected.end(), tail.begin(), tail.end());
    CHECK(keys_of(steps.state_dict()) == expected);
    expected.erase(expected.begin(), expected.begin() + 2);
    expected.insert(expected.begin(), {"T_max", "eta_min"});
    CHECK(keys_of(cosine.state_dict()) == expected);
}

TEST_CASE("state dicts hold torch's values") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    lrs_of(
        subject, [&] { scheduler.step(); }, 4);
    CHECK(scheduler.state_dict() == Value(Dict{{"step_size", 3},
                                               {"gamma", 0.5},
                                               {"base_lrs", List{0.1}},
                                               {"last_epoch", 4},
                                               {"_step_count", 5},
                                               {"_is_initial", false},
                                               {"_get_lr_called_within_step", false},
                                               {"_last_lr", List{0.05}}}));
}

TEST_CASE("a state loaded into a differently configured scheduler makes it equal") {
    Subject one({0.1, 0.3}), other({7, 8});
    CosineAnnealingLR source(one.optimizer, {.T_max = 5, .eta_min = 0.01});
    lrs_of(
        one, [&] { source.step(); }, 10);
    CosineAnnealingLR target(other.optimizer, {.T_max = 77, .eta_min = 0.5});
    target.load_state_dict(source.state_dict());
    CHECK(target.state_dict() == source.state_dict());
    CHECK(target.get_last_lr() == source.get_last_lr());
    CHECK(other.lrs() == Numbers{7, 8});
}

TEST_CASE("new objects with both states loaded continue like the old ones at any step") {
    for (int stop = 0; stop <= 12; ++stop) {
        Subject old_subject({0.1, 0.3});
        StepLR old_steps(old_subject.optimizer, {.step_size = 4, .gamma = 0.7});
        CosineAnnealingLR old_cosine(old_subject.optimizer, {.T_max = 5});
        const auto old_step = [&] {
            old_steps.step();
            old_cosine.step();
        };
        lrs_of(old_subject, old_step, stop);

        Subject subject({0.1, 0.3});
        StepLR steps(subject.optimizer, {.step_size = 1});
        CosineAnnealingLR cosine(subject.optimizer, {.T_max = 1});
        steps.load_state_dict(old_steps.state_dict());
        cosine.load_state_dict(old_cosine.state_dict());
        subject.optimizer.load_state_dict(old_subject.optimizer.state_dict());
        const auto step = [&] {
            steps.step();
            cosine.step();
        };
        CHECK(lrs_of(subject, step, 12) == lrs_of(old_subject, old_step, 12));
        CHECK(subject.sink.codes.empty());
    }
}

TEST_CASE("unknown keys are passed over and absent ones keep what is there") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    const Value before = scheduler.state_dict();
    scheduler.load_state_dict(Dict{{"verbose", false}});
    CHECK(scheduler.state_dict() == before);
    scheduler.load_state_dict(Dict{{"gamma", 1}, {"last_epoch", 2}});
    subject.optimizer.step();
    scheduler.step();
    CHECK(scheduler.last_epoch() == 3);
    CHECK(scheduler.state_dict().at("gamma") == Value(1.0));
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("a state of a schedule with tensors as lr is read as numbers") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1, .gamma = 0.5});
    scheduler.load_state_dict(Dict{{"base_lrs", List{scalar_tensor(4, DType::f32)}}});
    scheduler.step(1);
    CHECK(subject.lr() == 2);
}

TEST_CASE("loading is all or nothing") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    const Value before = scheduler.state_dict();
    const auto complaint = [&](const Value& state) {
        return message_of<std::invalid_argument>([&] { scheduler.load_state_dict(state); });
    };
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"_last_lr", "abc"}}),
                   "StepLR: _last_lr must be a list of numbers, got 'abc'"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"step_size", 3.0}}), "StepLR: step_size must be an integer, got 3.0"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"step_size", 0}}), "StepLR: step_size must not be 0, got 0"));
    CHECK(contains(complaint(Dict{{"gamma", true}}), "StepLR: gamma must be a number"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"_is_initial", 0}}), "_is_initial must be a bool"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"last_epoch", std::int64_t{1} << 60}}), "last_epoch must be within"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"base_lrs", List{0.1, 0.2}}}),
                   "base_lrs must have at most one number per group (1)"));
    CHECK(contains(complaint(List{}), "StepLR: state_dict must be a dict"));
    CHECK(scheduler.state_dict() == before);
}

TEST_CASE("the state dicts of all classes have torch's keys in torch's order") {
    const std::string tail = "base_lrs last_epoch _step_count _is_initial _get_lr_called_within_step _last_lr";
    const std::vector<std::pair<std::string_view, std::string>> expected = {
        {"ChainedScheduler", "_last_lr _schedulers"},
        {"ConstantLR", "factor total_iters " + tail},
        {"CosineAnnealingLR", "T_max eta_min " + tail},
        {"CosineAnnealingWarmRestarts", "T_0 T_i T_mult eta_min T_cur " + tail},
        {"CyclicLR",
         "max_lrs total_size step_ratio mode gamma scale_mode cycle_momentum use_beta1 base_momentums max_momentums " + tail +
             " _scale_fn_custom"},
        {"ExponentialLR", "gamma " + tail},
        {"InverseSquareRootLR", "warmup_iters start_factor " + tail},
        {"LambdaLR", tail + " lr_lambdas"},
        {"LinearLR", "start_factor end_factor total_iters " + tail},
        {"MultiStepLR", "milestones gamma " + tail},
        {"MultiplicativeLR", tail + " lr_lambdas"},
        {"OneCycleLR", "total_steps _schedule_phases _anneal_func_type cycle_momentum use_beta1 " + tail},
        {"PolynomialLR", "total_iters power " + tail},
        {"ReduceLROnPlateau",
         "factor default_min_lr min_lrs patience cooldown eps last_epoch _last_lr mode_worse mode threshold threshold_mode "
         "best "
         "cooldown_counter num_bad_epochs"},
        {"SWALR", "_anneal_strategy anneal_epochs " + tail},
        {"SequentialLR", "_milestones last_epoch _last_lr _schedulers"},
        {"StepLR", "step_size gamma " + tail},
        {"WarmupCosineLR", "warmup_iters total_iters start_factor eta_min " + tail},
        {"WarmupStableDecayLR", "warmup_iters stable_iters decay_iters decay start_factor end_factor " + tail},
    };
    const std::vector<Case> cases = one_of_each();
    REQUIRE(cases.size() == expected.size());
    CHECK(sched::names().size() == expected.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        Subject subject;
        std::string keys;
        for (const std::string& key : keys_of(sched::make(cases[i].type, subject.optimizer, cases[i].options).state_dict()))
            keys += key + ' ';
        CHECK(cases[i].type == expected[i].first);
        CHECK(keys == expected[i].second + ' ');
    }
}

TEST_CASE("the states of schedulers that are members tell what torch's tell") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer);
    sched::ChainedScheduler chain({constant});
    sched::SequentialLR inner(subject.optimizer, {chain}, {.milestones = {}});
    sched::SequentialLR outer(subject.optimizer, {inner}, {.milestones = {}});
    CHECK(keys_of(inner.state_dict()) ==
          std::vector<std::string>{"_milestones", "last_epoch", "_last_lr", "_step_count", "_is_initial", "_schedulers"});
    CHECK(keys_of(chain.state_dict()) == std::vector<std::string>{"_last_lr", "_step_count", "_is_initial", "_schedulers"});
    CHECK(outer.state_dict().at("_schedulers").items()[0] == inner.state_dict());
}

TEST_CASE("kinds of values are those that torch stores") {
    Subject subject;
    sched::MultiStepLR steps(subject.optimizer, {.milestones = {5, 2, 5}});
    const Value state = steps.state_dict();
    const Dict& milestones = state.at("milestones").as<Dict>();
    CHECK(milestones.kind == Dict::Kind::counter);
    CHECK(milestones.at(5) == Value(2));
    CHECK(milestones.begin()->first == Value(5));
    sched::CosineAnnealingWarmRestarts restarts(subject.optimizer, {.T_0 = 4, .T_mult = 2});
    CHECK(restarts.state_dict().at("T_cur") == Value(0));
    CHECK(restarts.state_dict().at("_step_count") == Value(0));
    restarts.step(5);
    CHECK(restarts.state_dict().at("T_cur") == Value(1.0));
    sched::OneCycleLR cycle(subject.optimizer, {.max_lr = 1, .total_steps = 10});
    const Value phases = cycle.state_dict().at("_schedule_phases");
    CHECK(phases.items()[0].at("end_step") == Value(2.0));
    CHECK(phases.items()[1].at("end_step") == Value(9));
    CHECK(phases.items()[1].at("end_lr") == Value("min_lr"));
}

TEST_CASE("every class goes on from its state at any step, also in an instance that has other options") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        for (int stop = 0; stop <= 12; ++stop) {
            Subject old_subject({0.1, 0.3}), subject({0.1, 0.3});
            sched::LRScheduler old = sched::make(type, old_subject.optimizer, options);
            lrs_of(
                old_subject, [&] { step(old); }, stop);
            sched::LRScheduler fresh = sched::make(type, subject.optimizer, options);
            fresh.load_state_dict(old.state_dict());
            subject.optimizer.load_state_dict(old_subject.optimizer.state_dict());
            CHECK(fresh.state_dict() == old.state_dict());
            CHECK(lrs_of(
                      subject, [&] { step(fresh); }, 12) ==
                  lrs_of(
                      old_subject, [&] { step(old); }, 12));
            CHECK(subject.momentum() == old_subject.momentum());
        }
    }
}

TEST_CASE("states of old versions load, for every class: what they lack stays, what is gone is passed over") {
    for (const auto& example : one_of_each()) {
        CAPTURE(example.type);
        Subject old_subject, subject;
        sched::LRScheduler old = sched::make(example.type, old_subject.optimizer, example.options);
        lrs_of(old_subject, [&] { step(old); }, 4);
        Value state = old.state_dict();
        const auto age = [](Dict& dict) {
            for (const char* key : {"_is_initial", "_get_lr_called_within_step", "default_min_lr", "use_beta1", "_anneal_func_type"}) dict.erase(key);
            dict.set("verbose", false);
        };
        age(state.as<Dict>());
        if (Value* members = state.as<Dict>().find("_schedulers")) {
            for (Value& member : members->as<List>().items) age(member.as<Dict>());
        }
        sched::LRScheduler fresh = sched::make(example.type, subject.optimizer, example.options);
        fresh.load_state_dict(state);
        subject.optimizer.load_state_dict(old_subject.optimizer.state_dict());
        CHECK(fresh.state_dict() == old.state_dict());
        CHECK(lrs_of(subject, [&] { step(fresh); }, 6) == lrs_of(old_subject, [&] { step(old); }, 6));
    }
}

TEST_CASE("a state brings its options along") {
    Subject subject, other;
    sched::OneCycleLR three(subject.optimizer,
                            {.max_lr = 1, .total_steps = 20, .anneal_strategy = "linear", .three_phase = true});
    sched::OneCycleLR two(other.optimizer, {.max_lr = 7, .total_steps = 100});
    lrs_of(
        subject, [&] { three.step(); }, 7);
    two.load_state_dict(three.state_dict());
    CHECK(two.state_dict() == three.state_dict());
    sched::ReduceLROnPlateau most(subject.optimizer, {.mode = "max", .factor = 0.5, .patience = 3, .min_lr = 0.25});
    for (const double metric : {1.0, 2.0, 1.5}) most.step(metric);
    sched::ReduceLROnPlateau least(other.optimizer);
    least.load_state_dict(most.state_dict());
    CHECK(least.state_dict() == most.state_dict());
    sched::MultiStepLR steps(subject.optimizer, {.milestones = {3, 3, 9}, .gamma = 0.5}),
        none(other.optimizer, {.milestones = {1}});
    none.load_state_dict(steps.state_dict());
    CHECK(none.state_dict() == steps.state_dict());
}

TEST_CASE("the state of another class is refused, and changes nothing") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        Subject subject;
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        const Value before = scheduler.state_dict();
        for (const auto& other_example : one_of_each()) {
            const std::string_view other_type = other_example.type;
            const auto& other_options = other_example.options;
            if (other_type == type || (type == "LambdaLR" && other_type == "MultiplicativeLR") ||
                (type == "MultiplicativeLR" && other_type == "LambdaLR"))
                continue;
            CAPTURE(type);
            CAPTURE(other_type);
            Subject other;
            const Value state = sched::make(other_type, other.optimizer, other_options).state_dict();
            const std::string text = complaint([&] { scheduler.load_state_dict(state); });
            CHECK_MESSAGE(contains(text, "the state must be that of this class, got one with"), text);
        }
        CHECK(scheduler.state_dict() == before);
    }
}

TEST_CASE("states with impossible values are refused, and change nothing") {
    struct Bad {
        std::string_view type;
        Dict state;
        std::string_view text;
    };
    const std::vector<Bad> cases = {
        {"MultiStepLR", {{"milestones", "3"}}, "MultiStepLR: milestones must be a list of integers, got '3'"},
        {"ConstantLR", {{"factor", 2.0}}, "ConstantLR: factor must be from 0 to 1, got 2 (state_dict)"},
        {"LinearLR", {{"start_factor", 0.0}}, "LinearLR: start_factor must be above 0 and at most 1, got 0 (state_dict)"},
        {"CosineAnnealingWarmRestarts", {{"T_i", 0}}, "CosineAnnealingWarmRestarts: T_i must be at least 1"},
        {"CyclicLR", {{"mode", "square"}}, "CyclicLR: mode must be triangular, triangular2 or exp_range, got 'square'"},
        {"CyclicLR", {{"total_size", 0.0}}, "CyclicLR: total_size must not be 0"},
        {"CyclicLR",
         {{"use_beta1", true}},
         "CyclicLR: use_beta1 must be that of an optimizer which has betas if and only if this one has"},
        {"CyclicLR", {{"max_lrs", List{1, 2, 3}}}, "CyclicLR: max_lrs must have at most one number per group (1)"},
        {"CyclicLR",
         {{"_scale_fn_custom", Dict{}}},
         "CyclicLR: _scale_fn_custom must be None for a function without attributes"},
        {"OneCycleLR", {{"_schedule_phases", List{}}}, "OneCycleLR: _schedule_phases must be a list of at least one phase"},
        {"OneCycleLR",
         {{"_schedule_phases", List{Dict{{"end_step", 3}, {"start_lr", "lr"}}}}},
         "OneCycleLR: _schedule_phases must be a list of at least one phase"},
        {"OneCycleLR", {{"_schedule_phases", List{3}}}, "OneCycleLR: _schedule_phases must be a list of at least one phase"},
        {"OneCycleLR", {{"_anneal_func_type", "log"}}, "OneCycleLR: _anneal_func_type must be cos or linear"},
        {"SWALR", {{"_anneal_strategy", "log"}}, "SWALR: _anneal_strategy must be cos or linear"},
        {"ReduceLROnPlateau", {{"mode", "most"}}, "ReduceLROnPlateau: mode must be min or max"},
        {"ReduceLROnPlateau", {{"factor", 1.5}}, "ReduceLROnPlateau: factor must be from 0 to below 1"},
        {"LambdaLR", {{"lr_lambdas", List{}}}, "LambdaLR: lr_lambdas must be a list of 1 function states"},
        {"SequentialLR", {{"_milestones", List{1, 2}}}, "SequentialLR: _milestones must be one fewer than the schedulers"},
        {"SequentialLR",
         {{"last_epoch", 9}, {"_schedulers", List{Dict{}}}},
         "SequentialLR: _schedulers must be a list of the states of 2 schedulers"},
        {"SequentialLR",
         {{"last_epoch", 9}, {"_schedulers", List{Dict{{"last_epoch", 5}}, Dict{{"gamma", "x"}}}}},
         "ExponentialLR: gamma must be a number, got 'x'"},
    };
    for (const auto& example : cases) {
        const std::string_view type = example.type;
        const auto& state = example.state;
        const std::string_view text = example.text;
        CAPTURE(text);
        Subject subject;
        for (const auto& named : one_of_each()) {
            const std::string_view name = named.type;
            const auto& options = named.options;
            if (name != type) continue;
            sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
            const Value before = scheduler.state_dict();
            const std::string got = complaint([&] { scheduler.load_state_dict(state); });
            CHECK_MESSAGE(contains(got, text), got);
            CHECK(scheduler.state_dict() == before);
        }
    }
}

}  // namespace ravine::testing
