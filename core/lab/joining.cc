// The way into a lab that runs already.
// SPDX-License-Identifier: MIT
#include "lab/joining.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace hyalite {

namespace {

// The process's directory in /proc. What is asked through it is of this process, or of nobody: its
// number may be another's meanwhile.
Fd open_process(pid_t process) {
  const std::string path = "/proc/" + std::to_string(process);
  return Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::string file_of(const Fd& process, std::string_view name) {
  return "/proc/self/fd/" + std::to_string(process.get()) + '/' + std::string(name);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What a line of its status says: "Uid:" has four numbers. Empty when there is no such line.
std::vector<std::string> status_of(const Fd& process, std::string_view name) {
  std::vector<std::string> values;
  std::ifstream status(file_of(process, "status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    for (const std::string_view it : split(trim(std::string_view(line).substr(name.size())), '\t'))
      values.emplace_back(it);
    break;
  }
  return values;
}

// The first process of a namespace for processes is number 1 there.
bool is_first_of_its_namespace(const Fd& process) {
  const auto numbers = status_of(process, "NSpid:");
  return numbers.size() > 1 && numbers.back() == "1";
}

// Anybody may call a process so and put it into namespaces of his own, and root may enter all: a
// command there would run among his files, as root. The kernel says whose it is in the ids of our
// user namespace, so a lab that is one's own is also when it calls its user root.
bool is_of_this_user(const Fd& process) {
  const auto ids = status_of(process, "Uid:");  // real, effective, saved, for files
  return ids.size() > 1 && ids[1] == std::to_string(::geteuid());
}

bool may_enter(const Fd& process) {
  return Fd(::open(file_of(process, "ns/net").c_str(), O_RDONLY | O_CLOEXEC)).get() >= 0;
}

bool is_ours(const Fd& there, const char* own) {
  struct stat a {
  }, b{};
  return ::fstat(there.get(), &a) == 0 && ::stat(own, &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

}  // namespace

std::vector<pid_t> running_labs() {
  std::vector<pid_t> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  while (const dirent* entry = processes ? ::readdir(processes.get()) : nullptr) {
    const auto number = parse_decimal(entry->d_name);
    if (!number) continue;
    const auto lab = static_cast<pid_t>(*number);
    const Fd process = open_process(lab);
    if (process && first_line(file_of(process, "comm")) == kLabProcessName &&
        is_first_of_its_namespace(process) && is_of_this_user(process) && may_enter(process)) {
      found.push_back(lab);
    }
  }
  return found;
}

Result<void> join_lab(pid_t lab) {
  struct Namespace {
    const char* name;
    int kind;
  };
  // The one of users first: the right to enter the others comes from it.
  constexpr Namespace kNamespaces[] = {
      {"user", CLONE_NEWUSER}, {"ipc", CLONE_NEWIPC}, {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS}};
  const std::string name = "lab " + std::to_string(lab);
  const Fd process = open_process(lab);
  if (!process) return Error::system(Fault::operator_, name, errno);
  if (!is_of_this_user(process)) return Error{Fault::operator_, name + " is another user's"};
  std::vector<Fd> there;
  for (const Namespace& it : kNamespaces) {
    const std::string path = std::string("ns/") + it.name;
    there.emplace_back(::openat(process.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there.back()) return Error::system(Fault::operator_, name + ": " + path, errno);
  }
  char directory[4096];
  const bool has_directory = ::getcwd(directory, sizeof directory) != nullptr;
  for (std::size_t i = 0; i < there.size(); ++i) {
    // Entering the user namespace one is in is an error.
    if (is_ours(there[i], (std::string("/proc/self/ns/") + kNamespaces[i].name).c_str())) continue;
    if (::setns(there[i].get(), kNamespaces[i].kind) != 0) {
      return Error::system(Fault::operator_,
                           std::string("enter the lab's namespace ") + kNamespaces[i].name, errno);
    }
  }
  if (!has_directory || ::chdir(directory) != 0)
    return ::chdir("/") == 0 ? Result<void>() : Error::system(Fault::us, "/", errno);
  return {};
}

}  // namespace hyalite
