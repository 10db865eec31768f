// An author's plugin in a lab's proxy: put there, and put there again when its file changes.
// SPDX-License-Identifier: MIT
#include "lab/author.h"

#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace hyalite {

namespace {

constexpr char kPlace[] = "/run/hyalite-lab/plugin.so";
constexpr char kBeingWritten[] = "/run/hyalite-lab/plugin.so.new";

std::string directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

// Returns only when nothing can be watched any more.
void follow(const Fd& watch, const std::string& name, const LabOptions& options, pid_t proxy) {
  alignas(inotify_event) char buffer[16'384];
  for (;;) {
    const ssize_t n = ::read(watch.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bool changed = false;
    for (const char* at = buffer; at < buffer + n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      changed |= event->len > 0 && name == event->name;
      at += sizeof *event + event->len;
    }
    if (!changed) continue;
    if (const Result<void> placed = place_plugin(options); !placed) {
      std::fprintf(stderr, "hyalite lab: %s\n", placed.error().text.c_str());
    } else {
      ::kill(proxy, SIGHUP);
    }
  }
}

}  // namespace

std::string author_settings(const LabOptions& options) {
  if (options.plugin.empty()) return {};
  std::string entry = "{\"name\": \"plugin\", \"use\": " + json_string(kPlace) + ", \"validate\": true";
  if (!options.plugin_settings.empty()) entry += ", \"settings\": " + options.plugin_settings;
  return entry + '}';
}

Result<void> place_plugin(const LabOptions& options) {
  std::error_code failed;
  std::filesystem::copy_file(options.plugin, kBeingWritten, std::filesystem::copy_options::overwrite_existing, failed);
  if (!failed && ::chmod(kBeingWritten, 0644) != 0) failed = {errno, std::generic_category()};
  if (!failed) std::filesystem::rename(kBeingWritten, kPlace, failed);
  if (failed) return Error{Fault::us, options.plugin + ": " + failed.message(), 0};
  return {};
}

Result<void> watch_plugin(const LabOptions& options, pid_t proxy) {
  // The directory: whoever builds may write the file anew, or put another in its place.
  const Fd watch(::inotify_init1(IN_CLOEXEC));
  if (!watch || ::inotify_add_watch(watch.get(), directory_of(options.plugin).c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
    return Error::system(Fault::us, "watch " + directory_of(options.plugin), errno);
  }
  std::fflush(nullptr);
  const pid_t watcher = ::fork();
  if (watcher < 0) return Error::system(Fault::us, "fork", errno);
  if (watcher > 0) return {};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  follow(watch, std::filesystem::path(options.plugin).filename().string(), options, proxy);
  ::_exit(0);
}

}  // namespace hyalite
