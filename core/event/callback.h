// A call back to an owner: two words, no allocation, no inheritance.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace hyalite {

// What to call and on whom. The owner outlives whoever holds this.
//   Watch watch_{loop, callback<&Leg::on_ready>(*this)};
template <class... Args>
class Callback {
 public:
  using Function = void (*)(void* owner, Args...);
  Callback(Function function, void* owner) : function_(function), owner_(owner) {}

  // Anything callable that outlives the holder, e.g. a lambda of a test.
  template <class F>
  static Callback of(F& callable) {
    return {[](void* f, Args... args) { (*static_cast<F*>(f))(std::forward<Args>(args)...); },
            &callable};
  }

  void operator()(Args... args) const { function_(owner_, std::forward<Args>(args)...); }

 private:
  Function function_;
  void* owner_;
};

namespace callback_detail {
template <class M>
struct Member;
template <class T, class... Args>
struct Member<void (T::*)(Args...)> {
  template <void (T::*method)(Args...)>
  static Callback<Args...> make(T& owner) {
    return {
        [](void* o, Args... args) { (static_cast<T*>(o)->*method)(std::forward<Args>(args)...); },
        &owner};
  }
};
}  // namespace callback_detail

// callback<&Flow::on_timer>(*this): calls that method of that owner.
template <auto method, class T>
auto callback(T& owner) {
  return callback_detail::Member<decltype(method)>::template make<method>(owner);
}

}  // namespace hyalite
