// A plugin's settings, read by name. Included by <hyalite/plugin.hpp>.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/border.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  // One value, or nothing. Good until configure returns; so are the texts it gives.
  class Value {
   public:
    Value(const Host& host, const hyalite_value* value, std::string_view key = {})
        : host_(&host), value_(value), key_(key) {}

    bool exists() const { return value_ != nullptr; }
    explicit operator bool() const { return exists(); }
    bool is(hyalite_value_kind kind) const {
      return exists() && table().kind(root(), value_) == kind;
    }
    // What is below: "page/title" goes down two maps.
    Value operator[](std::string_view path) const {
      return {*host_, exists() ? table().find(root(), value_, bytes(path)) : nullptr};
    }
    // Of a list or map.
    std::size_t size() const { return exists() ? table().count(root(), value_) : 0; }
    Value item(std::size_t index) const {
      hyalite_bytes key{};
      const hyalite_value* found = exists() ? table().item(root(), value_, index, &key) : nullptr;
      return {*host_, found, view(key)};
    }
    // In a map: this item's name.
    std::string_view key() const { return key_; }

    // The value; `otherwise` when there is none, or one of another type (which the schema should
    // refuse).
    std::string_view text(std::string_view otherwise = {}) const {
      hyalite_bytes out{};
      return exists() && table().text(root(), value_, &out) == HYALITE_OK ? view(out) : otherwise;
    }
    std::int64_t integer(std::int64_t otherwise = 0) const {
      std::int64_t out = 0;
      return exists() && table().integer(root(), value_, &out) == HYALITE_OK ? out : otherwise;
    }
    double number(double otherwise = 0) const {
      double out = 0;
      return exists() && table().number(root(), value_, &out) == HYALITE_OK ? out : otherwise;
    }
    bool boolean(bool otherwise = false) const {
      std::uint32_t out = 0;
      return exists() && table().boolean(root(), value_, &out) == HYALITE_OK ? out != 0 : otherwise;
    }

    // Tells the operator, with the file and line of this value. The plugin is not created then; go
    // on and tell all mistakes.
    void mistake(std::string_view text) const { table().mistake(root(), value_, bytes(text)); }

    class Iterator {
     public:
      Iterator(const Value& of, std::size_t at) : of_(&of), at_(at) {}
      Value operator*() const { return of_->item(at_); }
      Iterator& operator++() { return ++at_, *this; }
      bool operator!=(const Iterator& other) const { return at_ != other.at_; }

     private:
      const Value* of_;
      std::size_t at_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

   private:
    const hyalite_host_settings& table() const { return *host_->settings; }
    const hyalite_host* root() const { return host_->root; }

    const Host* host_;
    const hyalite_value* value_;
    std::string_view key_;
  };

  using Settings = Value;

  }  // namespace v1
}  // namespace )
