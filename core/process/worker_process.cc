// One worker process, as its generation sees it.
// SPDX-License-Identifier: MIT
#include "process/worker_process.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "plugin/hook.h"
#include "process/process_memory.h"

namespace hyalite {

namespace {

// Signals that a process brings upon itself; the others came from outside.
bool is_crash(int status) {
  if (!WIFSIGNALED(status)) return false;
  constexpr std::array kOwn = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
  return std::find(kOwn.begin(), kOwn.end(), WTERMSIG(status)) != kOwn.end();
}

std::string hook_name(std::uint32_t hook) {
  return hook < kHookCount ? name(static_cast<Hook>(hook)) : "";
}

}  // namespace

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return std::string("signal ") + ::strsignal(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

std::string_view name(DeathCause cause) {
  constexpr std::string_view kNames[] = {"crash", "hang", "exit", "killed", "stall", "memory"};
  const auto index = static_cast<std::size_t>(cause);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

void WorkerProcess::put_down(DeathCause why, Monotonic now) {
  if (!ended_for) {
    ended_for = why;
    kill_from = now + kGrace;
    ::kill(pid, SIGABRT);
  } else if (now >= kill_from) {
    ::kill(pid, SIGKILL);
  }
}

DeathCause WorkerProcess::cause_of(int status) const {
  if (ended_for) return *ended_for;
  if (is_crash(status)) return DeathCause::crash;
  return WIFSIGNALED(status) ? DeathCause::killed : DeathCause::exit;
}

std::optional<std::size_t> WorkerProcess::memory() const {
  const auto now = anonymous_memory(pid);
  if (!now) return std::nullopt;
  return *now - std::min(*now, memory_at_birth);
}

Blame WorkerProcess::blame(const InstanceAt& instance_at) const {
  const std::uint32_t crashed = window.calls->crashed_work.load(std::memory_order_relaxed);
  const std::uint32_t on_thread = ended_for_work != 0 ? ended_for_work : crashed;
  const std::uint32_t place = on_thread != 0 ? on_thread : window.calls->instance.load(std::memory_order_relaxed);
  const std::string instance = place == 0 ? "" : instance_at(place - 1);
  if (instance.empty()) return {};
  const auto hook = on_thread != 0 ? static_cast<std::uint32_t>(Hook::work) : window.calls->hook.load(std::memory_order_relaxed);
  return {instance, hook_name(hook), place - 1, {}};
}

std::string WorkerProcess::last_calls(const InstanceAt& instance_at) const {
  std::string text;
  const std::uint64_t count = window.history->calls.load(std::memory_order_relaxed);
  const std::uint64_t shown = std::min<std::uint64_t>(count, CallHistory::kCalls);
  for (std::uint64_t n = count - shown; n < count; ++n) {
    const CallHistory::Call& call = window.history->last[n % CallHistory::kCalls];
    const std::uint32_t place = call.instance.load(std::memory_order_relaxed);
    const std::string instance = place == 0 ? "" : instance_at(place - 1);
    if (instance.empty()) continue;
    text += (text.empty() ? "" : " ") + instance + ':' +
            hook_name(call.hook.load(std::memory_order_relaxed));
    if (const auto flow = call.flow.load(std::memory_order_relaxed); flow != 0)
      text += '(' + std::to_string(flow) + ')';
  }
  return text;
}

}  // namespace hyalite
