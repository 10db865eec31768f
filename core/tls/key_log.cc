// The secrets of connections, for Wireshark.
// SPDX-License-Identifier: MIT
#include "tls/key_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace hyalite {

Result<std::unique_ptr<KeyLog>> KeyLog::open(const std::string& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file) return Error::system(Fault::operator_, '"' + path + '"', errno);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return Error{Fault::operator_, '"' + path + "\" is no regular file"};
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) return Error{Fault::operator_, '"' + path + "\" can be read by others"};
  return std::unique_ptr<KeyLog>(new KeyLog(std::move(file)));
}

// Asked each time: several processes write to it, and whoever empties it needs nobody's help.
bool KeyLog::full() const {
  struct stat about{};
  return ::fstat(file_.get(), &about) != 0 || static_cast<std::size_t>(about.st_size) >= kMostKeyLogBytes;
}

bool KeyLog::write(std::string_view line) const {
  if (full()) return false;
  std::string whole(line);
  whole += '\n';
  return ::write(file_.get(), whole.data(), whole.size()) == static_cast<ssize_t>(whole.size());
}

}  // namespace hyalite
