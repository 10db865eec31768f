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

std::string file_of(pid_t process, std::string_view name) {
  return "/proc/" + std::to_string(process) + "/" + std::string(name);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The first process of a namespace for processes is number 1 there.
bool is_first_of_its_namespace(pid_t process) {
  std::ifstream status(file_of(process, "status"));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("NSpid:", 0) == 0) {
      const auto numbers = split(trim(std::string_view(line).substr(6)), '\t');
      return numbers.size() > 1 && numbers.back() == "1";
    }
  }
  return false;
}

bool may_enter(pid_t process) {
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
    const auto process = static_cast<pid_t>(*number);
    if (first_line(file_of(process, "comm")) == kLabProcessName &&
        is_first_of_its_namespace(process) && may_enter(process)) {
      found.push_back(process);
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
  std::vector<Fd> there;
  for (const Namespace& it : kNamespaces) {
    const std::string path = file_of(lab, std::string("ns/") + it.name);
    there.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there.back()) return Error::system(Fault::operator_, path, errno);
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
