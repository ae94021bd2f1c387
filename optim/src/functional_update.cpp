#include "functional_update.h"

#include "elementwise_scalars.h"
#include "state_parts.h"

#include <ravine/runtime/list_checks.h>
#include <ravine/runtime/list_update.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace ravine::inline v0::optim::functional {
namespace {

/// How far a parameter is: those that agree share the scalars of a step.
struct Progress {
    std::int64_t step = 0;     ///< the one to be made
    bool first = false;        ///< there is no state to go on from
    CarriedScalars scalars{};  ///< after the step before
    /// A number that is not one would not equal itself: its bits do.
    auto key() const { return std::tuple(step, first, std::bit_cast<std::array<std::uint64_t, kernels::max_scalars>>(scalars)); }
};

/// What they share.
struct Step {
    kernels::StepArguments arguments{};
    CarriedScalars next{};
};

class Update {
  public:
    explicit Update(const Call& call)
        : call_(call), rule_(call.algorithm.rules[call.algorithm.variant(call.options)]), names_{"params", "grads"}, lists_{call.params, call.grads} {}
    void run(const Context& context);

  private:
    void find_lists();
    void complete(const StateList& partial);
    void check(const ListUpdate& update) const;
    Progress progress_of(std::size_t index) const;
    void prepare();
    void make_absent(const Context& context);
    void write_back() noexcept;

    const StateList& list(std::string_view state) const;
    float& number(std::size_t list, std::size_t index) const { return *static_cast<float*>(numbers_[list]->tensors[index].mutable_data()); }

    const Call& call_;
    const RuleInfo& rule_;
    std::vector<std::string_view> names_;  // of the lists, for messages
    std::vector<std::span<const Tensor>> lists_;
    std::vector<const StateList*> numbers_;  // the step, if there is one, then the scalars of the rule
    std::size_t first_scalar_ = 0;           // which of them
    const StateList* partial_ = nullptr;     // that may have undefined tensors
    std::vector<std::size_t> absent_;        // which of it they are
    std::vector<Tensor> completed_;          // it without them
    std::map<decltype(Progress().key()), Step> steps_;
    std::vector<const Step*> step_of_;  // by tensor
};

const StateList& Update::list(std::string_view state) const {
    return *std::find_if(call_.state.begin(), call_.state.end(), [&](const StateList& one) { return one.state == state; });
}

void Update::find_lists() {
    for (const char* state : rule_.state) {
        const StateList& found = list(state);
        names_.push_back(found.argument);
        if (!found.to_be_filled.empty()) complete(found);
        lists_.push_back(partial_ == &found ? completed_ : found.tensors);
    }
    if (call_.algorithm.counts_steps) numbers_.push_back(&list("step"));
    first_scalar_ = numbers_.size();
    for (const char* scalar : rule_.scalars) numbers_.push_back(&list(scalar));
}

/// Parameters stand in for state that is absent: nothing is made before all is checked.
void Update::complete(const StateList& partial) {
    partial_ = &partial;
    completed_.assign(partial.tensors.begin(), partial.tensors.end());
    for (std::size_t i = 0; i < std::min(completed_.size(), call_.params.size()); ++i) {
        if (completed_[i].defined()) continue;
        completed_[i] = call_.params[i];
        absent_.push_back(i);
    }
}

void Update::make_absent(const Context& context) {
    std::vector<Tensor> like;
    for (const std::size_t index : absent_) like.push_back(call_.params[index]);
    std::vector<Tensor> made = zeros_like(like, context);
    for (std::size_t i = 0; i < absent_.size(); ++i) completed_[absent_[i]] = std::move(made[i]);
}

void Update::check(const ListUpdate& update) const {
    if (call_.algorithm.capturable(call_.options)) {
        throw std::invalid_argument(fmt::format("{}: capturable must be False where the host counts steps, got True", call_.who));
    }
    update.check();
    for (const StateList* numbers : numbers_) check_numbers(call_.who, numbers->argument, numbers->tensors, call_.params.size());
}

Progress Update::progress_of(std::size_t index) const {
    Progress result;
    if (first_scalar_ == 1) result.step = next_step(call_.who, numbers_[0]->tensors, index);
    for (std::size_t i = 0; i < rule_.scalars.size(); ++i) result.scalars[i] = static_cast<double>(number(first_scalar_ + i, index));
    result.first = partial_ != nullptr && !partial_->tensors[index].defined();
    return result;
}

void Update::prepare() {
    for (std::size_t i = 0; i < call_.params.size(); ++i) {
        const Progress progress = progress_of(i);
        const auto [known, is_new] = steps_.try_emplace(progress.key());
        Step& step = known->second;
        if (is_new) {
            step.next = progress.scalars;
            call_.algorithm.update(call_.options, progress.step, progress.first, step.next, step.arguments);
        }
        const std::string complaint = scalars_complaint(call_.algorithm, call_.options, call_.params[i].dtype(), step.arguments);
        if (!complaint.empty()) throw std::invalid_argument(fmt::format("{}: {} (tensor {})", call_.who, complaint, i));
        step_of_.push_back(&step);
    }
}

void Update::write_back() noexcept {
    for (std::size_t i = 0; i < call_.params.size(); ++i) {
        if (first_scalar_ == 1) number(0, i) += 1;
        for (std::size_t s = 0; s < rule_.scalars.size(); ++s) number(first_scalar_ + s, i) = static_cast<float>(step_of_[i]->next[s]);
    }
    for (const std::size_t index : absent_) partial_->to_be_filled[index] = completed_[index];
}

void Update::run(const Context& context) {
    find_lists();
    const KernelKind kind = kind_of(implementation_of(call_.algorithm, call_.options));
    const ListUpdate update{call_.who, rule_, kind, lists_, names_, rule_.writes};
    check(update);
    prepare();
    make_absent(context);

    SerialExecutor serial;
    Context here = context;
    if (kind == KernelKind::stepwise) here.executor = &serial;  // as the class does
    update.run([&](std::size_t index) { return &step_of_[index]->arguments; }, here);
    write_back();
}

}  // namespace

void update(const Call& call, const Context& context) { Update(call).run(context); }

std::int64_t next_step(std::string_view who, std::span<const Tensor> state_steps, std::size_t index) {
    std::int64_t step = 0;
    if (read_step(state_steps[index], step)) return static_cast<std::int64_t>(static_cast<float>(step + 1));
    throw std::invalid_argument(fmt::format("{}: state_steps must be counts of steps, got {} (tensor {})", who, state_steps[index].item(), index));
}

}  // namespace ravine::inline v0::optim::functional
