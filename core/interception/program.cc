// Runs ip and nft, without a shell.
// SPDX-License-Identifier: MIT
#include "interception/program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/fd.h"
#include "base/text.h"

namespace hyalite {

namespace {

// More than any listing of rules; a file in memory, so that nobody waits for a reader.
constexpr std::size_t kMostOutputBytes = std::size_t{64} << 20;

Result<Fd> memory_file(std::string_view text) {
  Fd file(::memfd_create("hyalite", MFD_CLOEXEC));
  const auto size = static_cast<ssize_t>(text.size());
  if (!file || ::write(file.get(), text.data(), text.size()) != size ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return Error::system(Fault::us, "memory file", errno);
  return file;
}

std::string content_of(const Fd& file) {
  std::string text;
  char piece[16'384];
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return text;
  while (text.size() < kMostOutputBytes) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return text;
}

// Between fork and exec: calls that are safe there alone.
[[noreturn]] void become(const char* path, char* const* arguments, int input, int output,
                         int complaints) {
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(complaints, STDERR_FILENO) >= 0)
    ::execv(path, arguments);
  ::_exit(126);
}

std::string first_line(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).empty()) return printable(trim(line), 500);
  }
  return "no reason given";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::string find_system_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  const std::string directories =
      std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/local/sbin:/usr/sbin:/sbin";
  for (const std::string_view directory : split(directories, ':')) {
    std::string candidate = std::string(directory) + '/' + std::string(name);
    if (!directory.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Result<ProgramRun> run_program(const ToolCommand& command) {
  const std::string path = find_system_program(command.words.front());
  if (path.empty())
    return Error{Fault::operator_, "the program " + command.words.front() + " is missing", ENOENT};
  const Result<Fd> input = memory_file(command.input);
  const Result<Fd> output = memory_file({});
  const Result<Fd> complaints = memory_file({});
  for (const auto* file : {&input, &output, &complaints}) {
    if (!*file) return file->error();
  }
  std::vector<char*> arguments;
  for (const std::string& word : command.words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return Error::system(Fault::us, "fork", errno);
  if (child == 0)
    become(path.c_str(), arguments.data(), (*input).get(), (*output).get(), (*complaints).get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Error::system(Fault::us, "wait for " + path, errno);
  }
  return ProgramRun{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
                    content_of(*output), content_of(*complaints)};
}

Result<std::string> must_run(const ToolCommand& command) {
  const auto run = run_program(command);
  if (!run) return run.error();
  if (*run) return run->output;
  return Error{Fault::us, joined(command.words) + ": " + first_line(run->complaints), run->status};
}

}  // namespace hyalite
