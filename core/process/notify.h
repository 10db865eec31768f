// Tells the service manager how we are: the protocol of sd_notify(3).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace hyalite {

// Without a service manager, says nothing. What cannot be told is not told: the service matters
// more.
class Notifier {
 public:
  // `socket`: the value of NOTIFY_SOCKET, a path or "@name" (abstract); null or empty: nobody
  // listens.
  explicit Notifier(const char* socket);

  void ready(std::string_view status) const;
  // Also between a reload and the end of it (Type=notify-reload).
  void reloading(Monotonic now) const;
  // It takes so long at most: nobody is to be killed meanwhile, however short the manager's limit.
  void stopping(Milliseconds most) const;
  void status(std::string_view status) const;

 private:
  void send(std::string text) const;
  std::string socket_;
};

}  // namespace hyalite
