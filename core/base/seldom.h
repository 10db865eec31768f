// A value that is nearly always as it was made: a pointer, until somebody writes to it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace hyalite {

// Of what many have and few use. Reading what nobody wrote to allocates nothing.
template <class T>
class Seldom {
 public:
  const T& operator*() const { return held_ ? *held_ : untouched(); }
  const T* operator->() const { return &**this; }
  // Null: nobody wrote to it.
  T* find() { return held_.get(); }
  const T* find() const { return held_.get(); }
  explicit operator bool() const { return held_ != nullptr; }
  // To be written to; lives until reset(), at the same place.
  T& touch() {
    if (!held_) held_ = std::make_unique<T>();
    return *held_;
  }
  void reset() { held_.reset(); }

 private:
  static const T& untouched() {
    static const T one{};
    return one;
  }
  std::unique_ptr<T> held_;
};

}  // namespace hyalite
