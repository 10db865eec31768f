// Runs other programs: ip, nft, sh.
// SPDX-License-Identifier: MIT
#include "lab/program.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "base/text.h"
#include "lab/namespaces.h"

namespace hyalite {

namespace {

// A file in memory, read from its beginning: unlike a pipe it takes any amount without a reader.
Result<Fd> file_with(std::string_view text) {
  Fd file(::memfd_create("input", MFD_CLOEXEC));
  const auto size = static_cast<ssize_t>(text.size());
  if (!file || ::write(file.get(), text.data(), text.size()) != size ||
      ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return Error::system(Fault::us, "memory file", errno);
  }
  return file;
}

[[noreturn]] void run_in_child(LabHost host, const std::vector<std::string>& command, int input) {
  const Result<void> entered = enter_network(host);
  if (!entered) {
    std::fprintf(stderr, "hyalite lab: %s\n", entered.error().text.c_str());
    ::_exit(1);
  }
  if (::dup2(input, STDIN_FILENO) < 0) ::_exit(1);
  become(command);
}

}  // namespace

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  for (std::string_view directory : split(path ? path : "", ':')) {
    std::string candidate = std::string(directory) + "/" + std::string(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

void widen_path() {
  const char* path = std::getenv("PATH");
  std::string wide = path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
  wide += ":/usr/local/sbin:/usr/sbin:/sbin";
  ::setenv("PATH", wide.c_str(), 1);
}

Result<void> run_on(LabHost host, const std::vector<std::string>& command, std::string_view input) {
  Result<Fd> file = file_with(input);
  if (!file) return file.error();
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return Error::system(Fault::us, "fork", errno);
  if (child == 0) run_in_child(host, command, file->get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Error::system(Fault::us, "wait for " + command.front(), errno);
  }
  if (exit_status(status) == 0) return {};
  return Error{Fault::us, command.front() + " failed on the " + std::string(name_of(host)), 0};
}

void become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int code = errno;
  std::fprintf(stderr, "hyalite lab: %s: %s\n", arguments.front(), std::strerror(code));
  ::_exit(code == ENOENT ? 127 : 126);
}

int exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace hyalite
