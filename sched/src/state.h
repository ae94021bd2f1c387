#pragma once
#include "kinds.h"

namespace ravine::inline v0::sched {

class SchedulerBody;

/// One pass over the state of a scheduler, which describes it once: to write it, or to compare and take over a dict.
class State {
  public:
    static Dict save(SchedulerBody& body);
    /// Checks all of `dict` first. std::invalid_argument.
    static void load(SchedulerBody& body, const Dict& dict);

    /// A member under torch's key. `complaint(parsed)` is empty or says what a loaded value must be ("must not be 0").
    template <class T, class Complaint>
    void field(std::string_view key, T& member, const Complaint& complaint) {
        if (pass_ == Pass::save) {
            written_.set(key, to_value(member));
        } else if (const Value* value = given_->find(key)) {
            T parsed{member};
            if (!Kind<T>::read(*value, parsed)) refuse(key, std::string("must be ").append(Kind<T>::wanted), *value);
            const std::string text(complaint(parsed));
            if (!text.empty()) refuse(key, text, *value);
            if (pass_ == Pass::load) member = std::move(parsed);
        }
    }
    template <class T> void field(std::string_view key, T& member) {
        field(key, member, [](const T&) { return std::string_view(); });
    }

  private:
    enum class Pass { save, check, load };
    State(Pass pass, std::string_view who, const Dict* given) : pass_(pass), who_(who), given_(given) {}
    [[noreturn]] void refuse(std::string_view key, std::string_view what, const Value& value) const;

    Pass pass_;
    std::string_view who_;
    const Dict* given_;
    Dict written_;
};

}  // namespace ravine::inline v0::sched
