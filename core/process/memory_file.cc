// Texts in memory that are handed from process to process by descriptor and never change.
// SPDX-License-Identifier: MIT
#include "process/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace hyalite {

namespace {

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Error::system(Fault::us, "cannot write to a memfd", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<Fd> sealed_text(std::string_view text, const char* name) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return Error::system(Fault::us, "memfd_create", errno);
  if (auto written = write_all(fd.get(), text); !written) return written.error();
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
      0) {
    return Error::system(Fault::us, "cannot seal a memfd", errno);
  }
  return fd;
}

Result<std::string> text_of(int fd, std::size_t most) {
  std::string text;
  char piece[16'384];
  while (true) {
    const ssize_t got = ::pread(fd, piece, sizeof(piece), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::system(Fault::us, "cannot read", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > most) {
      return Error{Fault::operator_, "has more than " + std::to_string(most) + " bytes"};
    }
  }
}

Result<std::string> read_settings_file(const std::string& path, std::size_t most) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & S_IWOTH) != 0) {
    return Error{Fault::operator_, path + ": everybody may write to it: chmod o-w " + path};
  }
  return read_file(path, most);
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Error::system(Fault::operator_, "cannot be read", errno);
  return text_of(fd.get(), most);
}

}  // namespace hyalite
