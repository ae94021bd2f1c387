#pragma once
#include "kinds.h"

#include <ravine/sched/function.h>

#include <memory>
#include <span>
#include <tuple>

namespace ravine::inline v0::sched {

class SchedulerBody;

/// One pass over the state of a scheduler, which describes it once: to write it, or to compare and take over a dict.
class State {
  public:
    static Dict save(SchedulerBody& body);
    /// All or nothing. std::invalid_argument.
    static void load(SchedulerBody& body, const Dict& dict);

    /// A member under torch's key. `complaint(parsed)` is empty or says what a loaded value must be ("must not be 0").
    /// Returns what the member is after the pass that loads.
    template <class T, class Complaint> T field(std::string_view key, T& member, const Complaint& complaint) {
        demand(key);
        return later_field(key, member, complaint);
    }
    template <class T> T field(std::string_view key, T& member) { return field(key, member, no_complaint<T>); }
    /// The same for one that files of other versions lack.
    template <class T, class Complaint> T later_field(std::string_view key, T& member, const Complaint& complaint) {
        T result{member};
        if (pass_ == Pass::save) {
            written_.set(key, to_value(member));
        } else if (const Value* value = given_->find(key)) {
            if (!Kind<T>::read(*value, result)) refuse(key, std::string("must be ").append(Kind<T>::wanted), *value);
            const std::string text(complaint(result));
            if (!text.empty()) refuse(key, text, *value);
            if (pass_ == Pass::load) member = result;
        }
        return result;
    }
    template <class T> T later_field(std::string_view key, T& member) { return later_field(key, member, no_complaint<T>); }

    /// All options but `last_epoch`. `complaint(options)` is empty or says which one is wrong, as the constructor does.
    template <class Options, class Complaint> void options(Options& options, const Complaint& complaint) {
        Options loaded = options;
        std::apply([&](const auto&... f) { ((f.name == "last_epoch" ? void() : void(field(f.name, loaded.*f.member))), ...); },
                   Options::fields());
        if (pass_ == Pass::save) return;
        if (const std::string text = complaint(loaded); !text.empty()) refuse(text);
        if (pass_ == Pass::load) options = std::move(loaded);
    }

    /// The states of the schedulers that this one leads, in a list.
    void members(std::string_view key, std::span<const std::shared_ptr<SchedulerBody>> bodies);
    /// What functions keep: one in a list for each.
    void functions(std::string_view key, const std::vector<Function>& functions);
    /// The same for a function that may not be there.
    void function(std::string_view key, const Function* function);
    /// Refuses a dict as a whole: "<who>: <text> (state_dict)".
    [[noreturn]] void refuse(std::string_view text) const;
    /// Null while a state is written, or if the dict has no such key. For what old files have instead.
    const Value* given(std::string_view key) const;
    bool is_loading() const noexcept { return pass_ == Pass::load; }

  private:
    enum class Pass { save, check, load };
    State(Pass pass, std::string_view who, const Dict* given) : pass_(pass), who_(who), given_(given) {}
    static void run(Pass pass, SchedulerBody& body, const Dict& dict);
    template <class T> static std::string_view no_complaint(const T&) { return {}; }
    [[noreturn]] void refuse(std::string_view key, std::string_view what, const Value& value) const;
    void demand(std::string_view key);
    void check_origin(const Dict& own) const;
    void one_function(std::string_view key, const Function* function, const Value& value) const;

    Pass pass_;
    std::string_view who_;
    const Dict* given_;
    Dict written_;
    std::string_view missing_;  // the first key that a whole state of this class has and this one does not
};

}  // namespace ravine::inline v0::sched
