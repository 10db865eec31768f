// What a plugin could change of the process around it.
// SPDX-License-Identifier: MIT
#include "check/process_state.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "base/text.h"
#include "plugin/host.h"

#if defined(__SANITIZE_ADDRESS__)
#define HYALITE_CHECK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HYALITE_CHECK_ASAN 1
#endif
#endif
#ifdef HYALITE_CHECK_ASAN
#include <sanitizer/allocator_interface.h>
#endif

namespace hyalite {

namespace {

std::vector<std::string> open_descriptors() {
  std::vector<std::string> all;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failed)) {
    const std::string to = std::filesystem::read_symlink(entry.path(), failed).string();
    const bool ours = to.starts_with("/memfd:hyalite:") || to.find("/proc/") == 0 || to.empty();
    if (!ours) all.push_back(to);
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> handled_signals() {
  std::vector<std::string> all;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler == SIG_DFL) continue;
    const char* name = ::sigabbrev_np(signal);
    all.push_back(name == nullptr ? std::to_string(signal) : "SIG" + std::string(name));
  }
  return all;
}

std::string first_of(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> fresh;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(fresh));
  return fresh.empty() ? std::string() : fresh[0];
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState state;
  state.threads = count_threads();
  state.descriptors = open_descriptors();
  std::error_code failed;
  state.directory = std::filesystem::current_path(failed).string();
  state.locale = std::setlocale(LC_ALL, nullptr);
  state.mask = ::umask(0);
  ::umask(static_cast<mode_t>(state.mask));
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) state.environment.emplace_back(*entry);
  std::sort(state.environment.begin(), state.environment.end());
  state.signals = handled_signals();
  std::sort(state.signals.begin(), state.signals.end());
  return state;
}

std::vector<std::string> ProcessState::changes_to(const ProcessState& after) const {
  std::vector<std::string> changes;
  if (after.threads > threads) changes.push_back("a thread was started");
  if (const auto fd = first_of(descriptors, after.descriptors); !fd.empty()) changes.push_back("a descriptor stays open (" + printable(fd, 80) + ")");
  if (after.directory != directory) changes.push_back("the working directory was changed to " + printable(after.directory, 80));
  if (after.locale != locale) changes.push_back("the locale was changed to " + printable(after.locale, 80));
  if (after.mask != mask) changes.push_back("the umask was changed");
  if (after.environment != environment) changes.push_back("the environment was changed (" + printable(first_of(environment, after.environment), 80) + ")");
  if (const auto signal = first_of(signals, after.signals); !signal.empty()) changes.push_back("the handling of " + signal + " was changed");
  return changes;
}

std::size_t heap_bytes() {
#ifdef HYALITE_CHECK_ASAN
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

std::int64_t thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace hyalite
