// Answers the system calls that a confined process asks about, and remembers what was refused.
// SPDX-License-Identifier: MIT
#include "process/denials.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>

#include <cerrno>
#include <utility>

namespace hyalite {

namespace {

// The kernel's two structures, in the size that it wants.
struct Exchange {
  Exchange() {
    if (seccomp_notify_alloc(&question, &answer) != 0) question = nullptr;
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    if (question != nullptr) seccomp_notify_free(question, answer);
  }
  seccomp_notif* question = nullptr;
  seccomp_notif_resp* answer = nullptr;
};

}  // namespace

std::optional<Denials::Denied> Denials::answer_one(Monotonic now) {
  pollfd asked{listener_.get(), POLLIN, 0};
  if (::poll(&asked, 1, 0) <= 0) return std::nullopt;
  if ((asked.revents & POLLIN) == 0) {
    // Nobody is left behind that filter.
    listener_.reset();
    return std::nullopt;
  }
  Exchange exchange;
  if (exchange.question == nullptr || seccomp_notify_receive(listener_.get(), exchange.question) != 0)
    return std::nullopt;
  const seccomp_data& data = exchange.question->data;
  Denied denied{denied_call(data.nr, data.args[0], data.args[1]), std::nullopt};
  exchange.answer->id = exchange.question->id;
  exchange.answer->val = 0;
  if (mode_ == DeniedCalls::log) {
    exchange.answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    exchange.answer->error = 0;
  } else {
    // A C library that is newer than this program then does it in the old way.
    exchange.answer->flags = 0;
    exchange.answer->error = denied.call.known ? -EPERM : -ENOSYS;
  }
  // An error: it died meanwhile.
  (void)seccomp_notify_respond(listener_.get(), exchange.answer);

  const auto found = unsaid_.find(denied.call.name);
  if (found == unsaid_.end() && unsaid_.size() >= kMostNames) return denied;
  Unsaid& unsaid = found != unsaid_.end() ? found->second : unsaid_[denied.call.name];
  ++unsaid.times;
  if (now >= unsaid.again) {
    denied.to_say = std::exchange(unsaid.times, 0);
    unsaid.again = now + kSayAgain;
  }
  return denied;
}

}  // namespace hyalite
