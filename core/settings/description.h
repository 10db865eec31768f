// The settings file, described once: what reads it, what documents it and what draws its schema all
// follow this. SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "settings/settings.h"
#include "settings/shape.h"

namespace hyalite {

class Describer;

// One value. All that is lent lives as long as the settings described.
struct Value {
  std::string_view name;
  Shape shape;
  bool required = false;
  std::function<bool(Scalar)> take;    // stores it; false when it is not of that shape
  std::function<std::string()> write;  // as it would stand in the file; empty: not set
};

// A list of values.
struct ValueList {
  std::string_view name;
  Shape shape;
  std::function<void()> clear;
  std::function<bool(Scalar)> append;
  std::function<std::vector<std::string>()> write;
};

// A list of mappings.
struct GroupList {
  std::string_view name;
  std::size_t least = 0;
  std::size_t most = 0;
  std::function<void(Describer&)> append;  // adds an item and describes it
  // Calls with each item there is: what it is called with describes that item.
  std::function<void(const std::function<void(const std::function<void(Describer&)>&)>&)> each;
};

// Is told about every setting, in the order of settings.h.
class Describer {
 public:
  virtual ~Describer() = default;
  virtual void value(const Value& value) = 0;
  virtual void values(const ValueList& values) = 0;
  virtual void group(std::string_view name, const std::function<void(Describer&)>& members) = 0;
  virtual void groups(const GroupList& groups) = 0;
  virtual void configuration(std::string_view name, PluginConfiguration& configuration) = 0;
};

// Describes `settings` as they are: those that a describer changes must be fresh.
void describe(Describer& describer, Settings& settings);

}  // namespace hyalite
