// Brings what plugins have under way to the worker's loop.
// SPDX-License-Identifier: MIT
#include "flow/delivery.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace hyalite {

Result<void> Delivery::open(Outbound* outbound) {
  bell_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell_) return Error::system(Fault::us, "cannot make an eventfd", errno);
  if (auto watching = woken_.start(bell_.get()); !watching) return watching;
  chain_.async().open(loop_.clock(), *this, outbound);
  return {};
}

// A full counter has been ringing for long.
void Delivery::signal() {
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(bell_.get(), &once, sizeof once);
}

void Delivery::on_woken() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(bell_.get(), &count, sizeof count);
  deliver();
}

void Delivery::deliver() {
  chain_.deliver();
  const auto next = chain_.async().next();
  if (!next) return timer_.stop();
  const auto wait = std::chrono::ceil<Milliseconds>(*next - loop_.now());
  timer_.start(std::max(wait, Milliseconds{1}));
}

}  // namespace hyalite
