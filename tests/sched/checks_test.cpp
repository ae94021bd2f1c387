// What the schedules refuse, with what words, and that nothing is changed by a call that fails.
#include "harness.h"

#include <ravine/optim/adam.h>
#include <ravine/optim/rprop.h>

namespace ravine::testing {
namespace {

/// All that a scheduler could have changed.
std::string picture(const optim::Optimizer& optimizer) {
    std::string text;
    for (const auto& group : optimizer.param_groups()) {
        for (const std::string& key : group.keys()) {
            if (key != "params") text += key + "=" + group.get(key).to_string() + " ";
        }
    }
    return text;
}

struct Refusal {
    std::string_view type;
    Dict options;
    std::string_view text;
};

const Dict warm_spec = {{"type", "LinearLR"}}, plateau_spec = {{"type", "ReduceLROnPlateau"}};

std::vector<Refusal> refusals() {
    const Dict nonsense = {{"sum", List{1}}};
    return {
        {"StepLR", {{"step_size", 0}}, "StepLR: step_size must not be 0, got 0"},
        {"MultiStepLR", {{"milestones", 3}}, "MultiStepLR: milestones must be a list of integers, got 3"},
        {"MultiStepLR", {{"milestones", List{1.5}}}, "MultiStepLR: milestones must be a list of integers, got [1.5]"},
        {"MultiStepLR", {}, "MultiStepLR: milestones must be given (a list of integers), got no such option"},
        {"ConstantLR", {{"factor", 1.1}}, "ConstantLR: factor must be from 0 to 1, got 1.1"},
        {"ConstantLR", {{"factor", -0.1}}, "ConstantLR: factor must be from 0 to 1, got -0.1"},
        {"LinearLR", {{"start_factor", 0}}, "LinearLR: start_factor must be above 0 and at most 1, got 0"},
        {"LinearLR", {{"start_factor", 1.1}}, "LinearLR: start_factor must be above 0 and at most 1, got 1.1"},
        {"LinearLR", {{"end_factor", 1.1}}, "LinearLR: end_factor must be from 0 to 1, got 1.1"},
        {"LinearLR", {{"end_factor", -0.1}}, "LinearLR: end_factor must be from 0 to 1, got -0.1"},
        {"CosineAnnealingLR", {{"T_max", 0}}, "CosineAnnealingLR: T_max must not be 0, got 0"},
        {"CosineAnnealingWarmRestarts", {{"T_0", 0}}, "CosineAnnealingWarmRestarts: T_0 must be at least 1, got 0"},
        {"CosineAnnealingWarmRestarts", {{"T_0", 1.5}}, "CosineAnnealingWarmRestarts: T_0 must be an integer, got 1.5"},
        {"CosineAnnealingWarmRestarts",
         {{"T_0", 1}, {"T_mult", 0}},
         "CosineAnnealingWarmRestarts: T_mult must be at least 1, got 0"},
        {"CosineAnnealingWarmRestarts",
         {{"T_0", 1}, {"T_mult", 1.5}},
         "CosineAnnealingWarmRestarts: T_mult must be an integer, got 1.5"},
        {"CosineAnnealingWarmRestarts",
         {{"T_0", 1}, {"eta_min", "0"}},
         "CosineAnnealingWarmRestarts: eta_min must be a number, got '0'"},
        {"LambdaLR", {}, "LambdaLR: lr_lambda must be given"},
        {"LambdaLR", {{"lr_lambda", 0.5}}, "LambdaLR: lr_lambda must be a function"},
        {"LambdaLR", {{"lr_lambda", nonsense}}, "LambdaLR: lr_lambda must be a function"},
        {"MultiplicativeLR", {{"lr_lambda", 0.5}}, "MultiplicativeLR: lr_lambda must be a function"},
        {"MultiplicativeLR", {{"lr_lambda", List{0.5}}}, "MultiplicativeLR: lr_lambda must be a function"},
        {"LambdaLR",
         {{"lr_lambda", List{}}},
         "LambdaLR: lr_lambda must have one function for each of the 1 groups, got 0 of them"},
        {"CyclicLR",
         {{"base_lr", List{0.1, 0.2}}, {"max_lr", 1}},
         "CyclicLR: base_lr must have one number for each of the 1 groups, got 2 of them"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", List{1, 2}}},
         "CyclicLR: max_lr must have one number for each of the 1 groups, got 2 of them"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", 1}, {"base_momentum", List{0.1, 0.2}}},
         "CyclicLR: base_momentum must have one number"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", 1}, {"max_momentum", List{0.1, 0.2}}},
         "CyclicLR: max_momentum must have one number"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", 1}, {"mode", "square"}},
         "CyclicLR: mode must be triangular, triangular2 or exp_range, got square"},
        {"CyclicLR", {{"base_lr", 0.1}, {"max_lr", 1}, {"step_size_up", 0}}, "CyclicLR: step_size_up must not be 0, got 0"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", 1}, {"step_size_up", 2}, {"step_size_down", -2}},
         "CyclicLR: step_size_down must not be -step_size_up, got -2"},
        {"CyclicLR",
         {{"base_lr", 0.1}, {"max_lr", 1}, {"scale_fn", Dict{{"table", List{1}}}}, {"scale_mode", "steps"}},
         "CyclicLR: scale_mode must be cycle or iterations, got steps"},
        {"OneCycleLR",
         {{"max_lr", 0.1}},
         "OneCycleLR: total_steps, or both epochs and steps_per_epoch must be given, got neither"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"epochs", 3}},
         "OneCycleLR: total_steps, or both epochs and steps_per_epoch must be given"},
        {"OneCycleLR", {{"max_lr", 0.1}, {"total_steps", 0}}, "OneCycleLR: total_steps must be from 1 to 2^53, got 0"},
        {"OneCycleLR", {{"max_lr", 0.1}, {"total_steps", 2.5}}, "OneCycleLR: total_steps must be an integer, got 2.5"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"epochs", 0}, {"steps_per_epoch", 2}},
         "OneCycleLR: epochs must be from 1 to 2^53, got 0"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"epochs", 2}, {"steps_per_epoch", -1}},
         "OneCycleLR: steps_per_epoch must be from 1 to 2^53, got -1"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"epochs", std::int64_t{1} << 40}, {"steps_per_epoch", std::int64_t{1} << 40}},
         "OneCycleLR: epochs * steps_per_epoch must be at most 2^53"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"total_steps", 9}, {"pct_start", 1.1}},
         "OneCycleLR: pct_start must be from 0 to 1, got 1.1"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"total_steps", 9}, {"pct_start", 1}},
         "OneCycleLR: pct_start must be a float, got 1 (int)"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"total_steps", 9}, {"anneal_strategy", "log"}},
         "OneCycleLR: anneal_strategy must be cos or linear, got log"},
        {"OneCycleLR",
         {{"max_lr", 0.1}, {"total_steps", 10}, {"pct_start", 0.1}},
         "OneCycleLR: the length of a phase (see pct_start) must not be 0"},
        {"OneCycleLR", {{"max_lr", 0.1}, {"total_steps", 9}, {"div_factor", 0}}, "OneCycleLR: div_factor must not be 0"},
        {"SWALR", {{"swa_lr", List{1, 2}}}, "SWALR: swa_lr must have one number for each of the 1 groups, got 2 of them"},
        {"SWALR", {{"swa_lr", 1}, {"anneal_strategy", "log"}}, "SWALR: anneal_strategy must be cos or linear, got log"},
        {"SWALR", {{"swa_lr", 1}, {"anneal_epochs", -1}}, "SWALR: anneal_epochs must be from 0 to 2^53, got -1"},
        {"SWALR", {{"swa_lr", 1}, {"anneal_epochs", 1.7}}, "SWALR: anneal_epochs must be an integer, got 1.7"},
        {"ReduceLROnPlateau", {{"factor", 1.0}}, "ReduceLROnPlateau: factor must be from 0 to below 1, got 1"},
        {"ReduceLROnPlateau", {{"factor", -0.5}}, "ReduceLROnPlateau: factor must be from 0 to below 1, got -0.5"},
        {"ReduceLROnPlateau", {{"mode", "most"}}, "ReduceLROnPlateau: mode must be min or max, got most"},
        {"ReduceLROnPlateau", {{"threshold_mode", "both"}}, "ReduceLROnPlateau: threshold_mode must be rel or abs, got both"},
        {"ReduceLROnPlateau",
         {{"min_lr", List{0, 0}}},
         "ReduceLROnPlateau: min_lr must have one number for each of the 1 groups, got 2 of them"},
        {"ChainedScheduler", {{"schedulers", List{}}}, "ChainedScheduler: schedulers must have at least one, got none"},
        {"ChainedScheduler", {}, "ChainedScheduler: schedulers must be given"},
        {"ChainedScheduler",
         {{"schedulers", List{warm_spec, plateau_spec}}},
         "ChainedScheduler: schedulers[1] must need no metric, got ReduceLROnPlateau"},
        {"ChainedScheduler",
         {{"schedulers", List{warm_spec, 3}}},
         "ChainedScheduler: schedulers[1] must be a dict with a type, got 3"},
        {"SequentialLR",
         {{"schedulers", List{}}, {"milestones", List{}}},
         "SequentialLR: schedulers must have at least one, got none"},
        {"SequentialLR",
         {{"schedulers", List{warm_spec, plateau_spec}}, {"milestones", List{2}}},
         "SequentialLR: schedulers[1] must need no metric, got ReduceLROnPlateau"},
        {"SequentialLR",
         {{"schedulers", List{warm_spec, warm_spec}}, {"milestones", List{2, 3}}},
         "SequentialLR: milestones must be one fewer than the 2 schedulers, got 2"},
        {"SequentialLR", {{"schedulers", List{warm_spec, warm_spec}}}, "SequentialLR: milestones must be given"},
        {"SequentialLR",
         {{"schedulers", List{warm_spec, Dict{{"type", "StepLR"}}}}, {"milestones", List{2}}},
         "StepLR: step_size must be given"},
        {"WarmupCosineLR",
         {{"warmup_iters", 3}, {"total_iters", 3}},
         "WarmupCosineLR: total_iters must be more than warmup_iters, got 3"},
        {"WarmupCosineLR",
         {{"warmup_iters", -1}, {"total_iters", 3}},
         "WarmupCosineLR: warmup_iters must not be negative, got -1"},
        {"WarmupStableDecayLR",
         {{"warmup_iters", 1}, {"stable_iters", 1}, {"decay_iters", 0}},
         "WarmupStableDecayLR: decay_iters must be at least 1, got 0"},
        {"WarmupStableDecayLR",
         {{"warmup_iters", 1}, {"stable_iters", 1}, {"decay_iters", 1}, {"decay", "step"}},
         "WarmupStableDecayLR: decay must be linear, cosine or 1-sqrt, got step"},
        {"InverseSquareRootLR", {{"warmup_iters", 0}}, "InverseSquareRootLR: warmup_iters must be at least 1, got 0"},
        {"InverseSquareRootLR",
         {{"warmup_iters", 1}, {"start_factor", 2}},
         "InverseSquareRootLR: start_factor must be from 0 to 1, got 2"},
    };
}

}  // namespace

TEST_CASE("bad options are refused before anything is written") {
    for (const auto& example : refusals()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        const std::string_view text = example.text;
        CAPTURE(text);
        Subject subject;
        const std::string before = picture(subject.optimizer);
        const std::string got = complaint([&] { sched::make(type, subject.optimizer, options); });
        CHECK_MESSAGE(got.starts_with(text), got);
        CHECK(picture(subject.optimizer) == before);
    }
}

TEST_CASE("an unknown option is answered with the known ones, also by a scheduler of schedulers") {
    Subject subject;
    const std::string before = picture(subject.optimizer);
    const auto refusal = [&](std::string_view type, const Dict& options) {
        return message_of<std::out_of_range>([&] { sched::make(type, subject.optimizer, options); });
    };
    CHECK(contains(refusal("ChainedScheduler", {{"schedulers", List{warm_spec}}, {"optimizer", 1}}),
                   "ChainedScheduler: an option must be schedulers, got 'optimizer'"));
    CHECK(contains(refusal("SequentialLR", {{"schedulers", List{warm_spec}}, {"milestones", List{}}, {"steps", 3}}),
                   "SequentialLR: an option must be one of milestones, last_epoch, got 'steps'"));
    CHECK(contains(refusal("ChainedScheduler", {{"schedulers", List{Dict{{"type", "Warm"}}}}}), "a scheduler must be one of"));
    CHECK(picture(subject.optimizer) == before);
}

TEST_CASE("momentum can only be driven where there is one") {
    optim::Rprop rprop({Parameter(zeros({1}, DType::f32))});
    const std::string before = picture(rprop);
    CHECK(complaint([&] { sched::CyclicLR(rprop, {.base_lr = 0.1, .max_lr = 1}); }) ==
          "CyclicLR: cycle_momentum must be false for an optimizer that has neither momentum nor betas, got true for Rprop");
    CHECK(contains(complaint([&] { sched::OneCycleLR(rprop, {.max_lr = 1, .total_steps = 9}); }),
                   "OneCycleLR: cycle_momentum must be false"));
    CHECK(picture(rprop) == before);
    sched::CyclicLR cyclic(rprop, {.base_lr = 0.1, .max_lr = 1, .cycle_momentum = false});
    CHECK_FALSE(cyclic.drives_momentum());
}

TEST_CASE("a metric must be given to ReduceLROnPlateau and to nothing else") {
    Subject subject;
    sched::LRScheduler by_metric = sched::ReduceLROnPlateau(subject.optimizer);
    CHECK(by_metric.step_argument() == sched::StepArgument::metric);
    CHECK(complaint([&] { by_metric.step(); }) == "ReduceLROnPlateau: step must be given a metric, got none");
    CHECK(complaint([&] { by_metric.step(3); }) == "ReduceLROnPlateau: step must be given a metric, got none");
    sched::StepLR steps(subject.optimizer, {.step_size = 2});
    CHECK(contains(complaint([&] { steps.step_with(0.5); }),
                   "StepLR: step must be given neither a metric nor a fractional epoch, got 0.5"));
    CHECK(by_metric.last_epoch() == 0);
    CHECK(steps.last_epoch() == 0);
}

TEST_CASE("schedulers of schedulers take no epoch") {
    Subject subject;
    sched::LinearLR linear(subject.optimizer);
    sched::ChainedScheduler chain({linear});
    sched::SequentialLR sequence(subject.optimizer, {linear}, {.milestones = {}});
    CHECK(complaint([&] { chain.step(3); }) == "ChainedScheduler: step must be given no epoch, got 3");
    CHECK(complaint([&] { sequence.step(3); }) == "SequentialLR: step must be given no epoch, got 3");
    CHECK(sequence.last_epoch() == 0);
}

TEST_CASE("schedulers of different optimizers do not go together") {
    Subject one, other;
    sched::LinearLR mine(one.optimizer), foreign(other.optimizer);
    const std::string text = "schedulers[1] must be of the same optimizer, got one of another";
    CHECK(complaint([&] { sched::ChainedScheduler({mine, foreign}); }) == "ChainedScheduler: " + text);
    CHECK(complaint([&] {
              sched::SequentialLR(one.optimizer, {mine, foreign}, {.milestones = {2}});
          }) == "SequentialLR: " + text);
    CHECK(complaint([&] { sched::ChainedScheduler({mine}, other.optimizer); }) ==
          "ChainedScheduler: schedulers[0] must be of the same optimizer, got one of another");
}

TEST_CASE("every class refuses an optimizer without groups, and every class that resumes needs initial_lr") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject empty(Numbers{}), subject;
        CHECK(contains(complaint([&] { sched::make(type, empty.optimizer, options); }),
                       "the optimizer must have a parameter group, got none"));
        if (type == "ReduceLROnPlateau" || options.contains("schedulers")) continue;
        const std::string before = picture(subject.optimizer);
        Dict resuming = options;
        resuming.set("last_epoch", 0);
        const std::string text = message_of<std::out_of_range>([&] { sched::make(type, subject.optimizer, resuming); });
        CHECK(text.starts_with(std::string(type) + ": initial_lr must be in every group to resume with last_epoch = 0"));
        CHECK(picture(subject.optimizer) == before);
    }
}

TEST_CASE("a step that divides by zero names the option and changes nothing") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer, {.factor = 0, .total_iters = 1});
    CHECK(complaint([&] { constant.step(); }) == "ConstantLR: factor must not be 0, got 0");
    CHECK(constant.last_epoch() == 0);
    Subject linear_subject;
    sched::LinearLR linear(linear_subject.optimizer, {.start_factor = 0.5, .total_iters = 0});
    CHECK(complaint([&] { linear.step(1); }) == "LinearLR: total_iters must not be 0, got 0");
    sched::PolynomialLR polynomial(linear_subject.optimizer, {.total_iters = 0});
    CHECK(complaint([&] { polynomial.step(1); }) == "PolynomialLR: total_iters must not be 0, got 0");
    Subject falling;
    sched::PolynomialLR negative(falling.optimizer, {.total_iters = 2, .power = -1});
    negative.step();
    CHECK(contains(complaint([&] { negative.step(); }),
                   "PolynomialLR: the factor to the power of -1 must be a finite number, got 0"));
    CHECK(falling.lr() == 0.2);
}

TEST_CASE("what a user's function throws leaves everything as it was") {
    Subject subject;
    int calls = 0;
    const auto fails_at_two = [&](std::int64_t epoch) {
        ++calls;
        if (epoch == 2) throw std::runtime_error("no value");
        return 0.5;
    };
    sched::ExponentialLR exponential(subject.optimizer, {.gamma = 0.5});
    sched::MultiplicativeLR function(subject.optimizer, {.lr_lambda = fails_at_two});
    sched::ChainedScheduler chain({exponential, function});
    CHECK(calls == 0);
    chain.step();
    const Value before = chain.state_dict();
    const std::string groups = picture(subject.optimizer);
    CHECK(message_of<std::runtime_error>([&] { chain.step(); }) == "no value");
    CHECK(chain.state_dict() == before);
    CHECK(picture(subject.optimizer) == groups);
    CHECK(exponential.last_epoch() == 1);
}

TEST_CASE("a fractional epoch must not be negative, nor no number") {
    Subject subject;
    sched::CosineAnnealingWarmRestarts restarts(subject.optimizer, {.T_0 = 3});
    CHECK(complaint([&] { restarts.step(-1); }) == "CosineAnnealingWarmRestarts: epoch must not be negative, got -1");
    CHECK(contains(complaint([&] { restarts.step(-0.5); }), "must not be negative, got -0.5"));
    CHECK(contains(complaint([&] { restarts.step(std::numeric_limits<double>::quiet_NaN()); }),
                   "epoch must be within -2^53 and 2^53"));
    CHECK(contains(complaint([&] { restarts.step(1e300); }), "epoch must be within -2^53 and 2^53"));
    CHECK(restarts.last_epoch() == 0);
}

TEST_CASE("periods beyond all integers are refused") {
    Subject subject;
    sched::CosineAnnealingWarmRestarts restarts(subject.optimizer, {.T_0 = 3, .T_mult = std::int64_t{1} << 62});
    restarts.step();
    CHECK(contains(complaint([&] { restarts.step(std::int64_t{1} << 50); }), "T_0 and T_mult must give periods below 2^63"));
    CHECK(restarts.last_epoch() == 1);
}

TEST_CASE("OneCycleLR ends one step after its total, and stays there") {
    Subject subject;
    sched::OneCycleLR scheduler(subject.optimizer, {.max_lr = 0.1, .total_steps = 3});
    for (int i = 0; i < 3; ++i) scheduler.step();
    const double lr = subject.lr(), momentum = subject.momentum();
    CHECK(complaint([&] { scheduler.step(); }) == "OneCycleLR: step must be at most total_steps (3), got 4");
    CHECK(scheduler.last_epoch() == 3);
    CHECK(subject.lr() == lr);
    CHECK(subject.momentum() == momentum);
}

}  // namespace ravine::testing
