#pragma once
#include <ravine/optim/options.h>
#include <ravine/optim/parameter.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ravine::inline v0::optim {

/// Some parameters and the options that they are stepped with. A group stays where it is while its optimizer or a
/// scheduler of it lives.
class RAVINE_API Group {
  public:
    virtual ~Group();
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    const Parameters& params() const noexcept { return params_; }

    /// An option, or a key that a scheduler or a loaded file added ("initial_lr"), by torch's name. std::out_of_range with
    /// the known names.
    Value get(std::string_view key) const;
    /// The same as a double. std::invalid_argument if it is no number.
    double number(std::string_view key) const;
    bool has(std::string_view key) const noexcept;
    /// Changes an option or adds a key of the caller's own. std::invalid_argument for a value of the wrong kind; ranges
    /// are checked at the next step, before its first write.
    void set(std::string_view key, Value value);
    /// Takes away a key that is no option; false if there was none.
    bool erase(std::string_view key);
    /// All keys but `params`, in the order of torch's state_dict.
    std::vector<std::string> keys() const;

    /// The options aggregate and its description, for the library.
    virtual void* options_data() noexcept = 0;
    const void* options_data() const noexcept { return const_cast<Group*>(this)->options_data(); }
    std::span<const FieldInfo> fields() const noexcept { return fields_; }

  protected:
    Group(std::string_view owner, std::span<const FieldInfo> fields) : owner_(owner), fields_(fields) {}

  private:
    friend class OptimizerBody;
    friend struct GroupAccess;
    const FieldInfo* find_field(std::string_view key) const noexcept;
    bool is_named() const noexcept;

    std::string_view owner_;  // torch's class name, for messages
    std::span<const FieldInfo> fields_;
    Parameters params_;
    Dict extra_;                      // keys that are no options
    std::vector<std::string> order_;  // of the keys in a state_dict, where it is not the default
};

/// A group with its options as plain data: `group.options.lr *= 0.5` at any time.
template <class Options> class OptionsGroup final : public Group {
  public:
    explicit OptionsGroup(std::string_view owner) : Group(owner, fields_of<Options>()) {}
    void* options_data() noexcept override { return &options; }
    Options options;
};

/// The groups of an optimizer, in order, as G&.
template <class G> class GroupRange {
  public:
    explicit GroupRange(std::span<const std::shared_ptr<Group>> groups) : groups_(groups) {}
    class iterator {
      public:
        explicit iterator(const std::shared_ptr<Group>* at) : at_(at) {}
        G& operator*() const { return static_cast<G&>(**at_); }
        iterator& operator++() {
            ++at_;
            return *this;
        }
        bool operator==(const iterator&) const = default;

      private:
        const std::shared_ptr<Group>* at_;
    };
    iterator begin() const { return iterator(groups_.data()); }
    iterator end() const { return iterator(groups_.data() + groups_.size()); }
    std::size_t size() const noexcept { return groups_.size(); }
    /// `index` must be below size().
    G& operator[](std::size_t index) const { return static_cast<G&>(*groups_[index]); }

  private:
    std::span<const std::shared_ptr<Group>> groups_;
};

/// What an optimizer shares with its schedulers: the groups, not the state. Either may go first.
struct GroupSet {
    std::string_view owner;                       ///< torch's class name of the optimizer
    std::vector<std::shared_ptr<Group>> groups;
    bool step_called = false;                     ///< whether the optimizer has made a step
    bool has_schedulers = false;                  ///< whether a scheduler waits for steps; earlier ones do not count
    LogSink* log = nullptr;                       ///< where warnings go
    std::function<void()> lr_changed;             ///< to be called after `lr` of groups changed; null once the optimizer is gone
};

}  // namespace ravine::inline v0::optim
