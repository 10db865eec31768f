// Notices what other programs take away of interception, and puts it back or reports it.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/result.h"

namespace hyalite {

// Hears that rules, routes, links or packet rules changed, not what did: whoever hears looks for
// himself. Needs CAP_NET_ADMIN (rtnetlink(7); nftables' notifications).
class ChangeListener {
 public:
  static Result<ChangeListener> open();

  // Blocks until something changed or the time is over; true: something did. Changes that come
  // close upon each other are one.
  bool wait(Milliseconds most);

 private:
  ChangeListener(Fd routing, Fd packets)
      : routing_(std::move(routing)), packets_(std::move(packets)) {}

  Fd routing_, packets_;
};

// Looks once: does nothing while interception is off, or `on` or `off` is at work. What is missing
// is restored as it was switched on, or only reported, as interception.watch says. True: something
// was restored, or could not be.
bool watch_once(Log& log);

// The same after every change, and each minute, for kernel settings tell nobody. Does not return
// but with what keeps it from hearing. Restoring again and again, against somebody else or in vain,
// rests for a minute in between.
Error watch_interception(const Clock& clock, Log& log);

}  // namespace hyalite
