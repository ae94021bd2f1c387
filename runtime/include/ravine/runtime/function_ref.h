#pragma once
#include <memory>
#include <type_traits>
#include <utility>

namespace ravine::inline v0 {

template <class Signature> class function_ref;

/// A reference to something callable: owns and allocates nothing. The callable must outlive the call that it is passed
/// to, so this type is for parameters only.
template <class Result, class... Arguments> class function_ref<Result(Arguments...)> {
  public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> &&
                 std::is_invocable_r_v<Result, F&, Arguments...>)
    function_ref(F&& callable) noexcept
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Arguments... arguments) -> Result {
              return static_cast<Result>((*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Arguments>(arguments)...));
          }) {}

    Result operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

  private:
    void* object_;
    Result (*call_)(void*, Arguments...);
};

}  // namespace ravine::inline v0
