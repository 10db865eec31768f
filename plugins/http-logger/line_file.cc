// A file of lines that many processes append to: buffered, bounded, never in anybody's way.
// SPDX-License-Identifier: MIT
#include "line_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

std::string failure(const std::string& path, int error) {
  return path + ": " + std::strerror(error);
}

bool is_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LineFile::~LineFile() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

std::string LineFile::open() {
  if (options_.path == "-") {
    fd_ = STDOUT_FILENO;
    return {};
  }
  // A pipe without a reader must not stop us, here or later.
  const int fd =
      ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  if (fd < 0) return failure(options_.path, errno);  // what was open stays so
  if (fd_ > STDERR_FILENO) ::close(fd_);
  fd_ = fd;
  return {};
}

std::string LineFile::check() const {
  if (options_.path == "-") return {};
  const int fd = ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno != ENOENT) return failure(options_.path, errno);
  const auto slash = options_.path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : options_.path.substr(0, slash);
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    return "cannot be created: " + failure(directory, errno);
  return {};
}

bool LineFile::add(std::string_view line, std::int64_t now_ns) {
  if (waiting_.size() + line.size() > options_.most_bytes) flush(now_ns);
  if (waiting_.size() + line.size() > options_.most_bytes) return false;
  waiting_ += line;
  if (waiting_.size() >= options_.flush_bytes)
    flush(now_ns);
  else
    tick(now_ns);
  return true;
}

void LineFile::tick(std::int64_t now_ns) {
  if (!waiting_.empty() && now_ns - written_at_ns_ >= options_.flush_ns) flush(now_ns);
}

// Would a write wait for a reader? Standard output may be a pipe that is not ours to make
// non-blocking.
bool LineFile::can_take() const {
  pollfd wanted{fd_, POLLOUT, 0};
  return ::poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) != 0;
}

void LineFile::flush(std::int64_t now_ns) {
  written_at_ns_ = now_ns;
  const bool regular = is_file(fd_);
  std::size_t done = 0;
  trouble_.clear();
  while (done < waiting_.size()) {
    // A pipe that can take something takes so much without waiting.
    const std::size_t most =
        regular ? waiting_.size() - done : std::min<std::size_t>(waiting_.size() - done, PIPE_BUF);
    if (!regular && !can_take()) {
      trouble_ = options_.path + ": nobody reads";
      break;
    }
    const ssize_t n = ::write(fd_, waiting_.data() + done, most);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      trouble_ = failure(options_.path, errno);
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  waiting_.erase(0, done);
}
