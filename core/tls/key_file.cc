// Reads secrets from files that nobody else can read.
// SPDX-License-Identifier: MIT
#include "tls/key_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd.h"

namespace hyalite {

namespace {

Error refused(const std::string& path, const std::string& why) {
  return Error{Fault::operator_, path + " " + why};
}

std::string user_name(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : std::to_string(user);
}

Error unreadable(const std::string& path, int code) {
  const std::string user = user_name(::geteuid());
  Error error = Error::system(Fault::operator_, "cannot read " + path + " as user " + user, code);
  if (code == EACCES)
    error.text += " (if this user starts the service: chown " + user + ' ' + path + ')';
  return error;
}

Result<void> check_owner(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return refused(path, "is not a file");
  if ((status.st_mode & 077) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof(mode), "0%03o", static_cast<unsigned>(status.st_mode & 0777));
    return refused(path, "has mode " + std::string(mode) +
                             ", so that others than its owner may use it: chmod 600 " + path);
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return refused(path,
                   "belongs to user " + user_name(status.st_uid) +
                       ": it must belong to root, or to the user that starts the service, here " +
                       user_name(::geteuid()) + " (if it is that user's, ask as that user)");
  return {};
}

}  // namespace

Result<std::string> read_secret_file(const std::string& path, std::size_t most) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    return Error::system(Fault::operator_, "cannot read " + path, errno);
  if (auto checked = check_owner(path, status); !checked) return checked.error();
  if (static_cast<std::size_t>(status.st_size) > most)
    return refused(path, "is larger than any such file");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  if (got < 0) return Error::system(Fault::operator_, "cannot read " + path, errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

Result<void> write_new_file(const std::string& path, const std::string& text, unsigned mode) {
  const std::string fresh = path + ".new";
  const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return Error::system(Fault::operator_, "cannot write " + fresh, errno);
  // Whatever the umask says.
  const bool written =
      ::fchmod(fd.get(), mode) == 0 &&
      ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(fd.get()) == 0;
  // Unlike rename(2), link(2) never replaces.
  const bool there = written && ::link(fresh.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::unlink(fresh.c_str());
  if (there) return {};
  if (why == EEXIST) return refused(path, "exists already: it is not replaced");
  return Error::system(Fault::operator_, "cannot write " + path, why);
}

}  // namespace hyalite
