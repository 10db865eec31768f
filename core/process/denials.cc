// Answers the system calls that a confined process asks about, and remembers what was refused.
// SPDX-License-Identifier: MIT
#include "process/denials.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace hyalite {

namespace {

// The kernel's two structures, in the sizes that it wants.
class Exchange {
 public:
  Exchange() {
    seccomp_notif_sizes sizes{};
    if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) sizes = {};
    question_.resize(std::max<std::size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)));
    answer_.resize(std::max<std::size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)));
  }
  seccomp_notif& question() { return *reinterpret_cast<seccomp_notif*>(question_.data()); }
  seccomp_notif_resp& answer() { return *reinterpret_cast<seccomp_notif_resp*>(answer_.data()); }

 private:
  std::vector<unsigned char> question_, answer_;
};

}  // namespace

void give_listener(Fd listener, const SeccompSettings& settings, const Channel& watcher) {
  Confined confined;
  confined.mode = static_cast<std::uint8_t>(settings.mode);
  if (listener) (void)watcher.send(confined, {listener.get()});
}

void Denials::begin(Fd listener, const Confined& told) {
  if (std::exchange(begun_, true)) return;
  listener_ = std::move(listener);
  if (told.mode == static_cast<std::uint8_t>(DeniedCalls::log)) mode_ = DeniedCalls::log;
}

std::optional<Denials::Denied> Denials::answer_one(Monotonic now) {
  pollfd asked{listener_.get(), POLLIN, 0};
  if (::poll(&asked, 1, 0) <= 0) return std::nullopt;
  if ((asked.revents & POLLIN) == 0) {
    // Nobody is left behind that filter.
    listener_.reset();
    return std::nullopt;
  }
  Exchange exchange;
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &exchange.question()) != 0) {
    // Gone meanwhile; or this is no listener: whoever sent it wanted us to turn in circles.
    if (errno != ENOENT && errno != EINTR) listener_.reset();
    return std::nullopt;
  }
  const seccomp_data& data = exchange.question().data;
  Denied denied{denied_call(data.nr, data.args[0], data.args[1]), std::nullopt};
  seccomp_notif_resp& answer = exchange.answer();
  answer.id = exchange.question().id;
  if (mode_ == DeniedCalls::log) {
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  } else {
    // A C library that is newer than this program then does it in the old way.
    answer.error = denied.call.known ? -EPERM : -ENOSYS;
  }
  // An error: it died meanwhile.
  (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);

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
