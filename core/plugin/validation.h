// The same tables of the host, each entry checked: for instances with `validate: true`.
// SPDX-License-Identifier: MIT
//
// Checked are the thread, the moment (from the tags in the SDK's headers, by way of
// call_rules.inc), the objects (only what the running hook lends) and the arguments. Each misuse is
// one line, plugin.misused, and the call is refused. Others get the plain tables: they pay nothing.
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugin/hook.h"

namespace hyalite {

class Instance;
class InstanceHost;

// A table of checked functions by its id, or null.
const void* checked_interface(std::string_view id);

// What a hook that runs lends to its plugin.
struct Lent {
  const Instance* instance = nullptr;
  Hook hook = Hook::create;
  const hyalite_flow* flow = nullptr;
  const hyalite_exchange* exchange = nullptr;
  const hyalite_window* window = nullptr;
};

// While it lives, this thread is inside a hook of a checked instance. Hooks do not nest.
class LentScope {
 public:
  explicit LentScope(const Lent& lent);
  LentScope(const LentScope&) = delete;
  LentScope& operator=(const LentScope&) = delete;
  ~LentScope();

 private:
  const Lent lent_;
};

// A checked instance's existence. It is known by its host, and by where its code lies: that is how
// a call is recognised that comes from nowhere, e.g. from a thread of the plugin's own.
class CheckedInstance {
 public:
  CheckedInstance(InstanceHost& host, const Instance& instance);
  CheckedInstance(const CheckedInstance&) = delete;
  CheckedInstance& operator=(const CheckedInstance&) = delete;
  ~CheckedInstance();

  InstanceHost& host;
  const Instance& instance;
  const std::thread::id thread;  // on which it was made: the only one of the process, then
};

}  // namespace hyalite
