// Where lines go: a file, standard output, the systemd journal.
// SPDX-License-Identifier: MIT
#include "sink.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace {

std::string failure(const std::string& path, int error) {
  return path + ": " + std::strerror(error);
}

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// So much of the text as is whole lines.
std::size_t whole_lines(std::string_view text) {
  const auto end = text.rfind('\n');
  return end == std::string_view::npos ? 0 : end + 1;
}

// ---- bytes into a descriptor

// A file on a disk. All who write to it hold its lock meanwhile, so that half a line, which a full
// disk leaves behind, can be taken back.
std::size_t append(int fd, std::string_view lines, int& error) {
  while (::flock(fd, LOCK_EX) != 0 && errno == EINTR) {
  }
  const off_t before = ::lseek(fd, 0, SEEK_END);
  std::size_t done = 0;
  error = 0;
  while (done < lines.size() && error == 0) {
    const ssize_t n = ::write(fd, lines.data() + done, lines.size() - done);
    if (n > 0)
      done += static_cast<std::size_t>(n);
    else if (n == 0 || errno != EINTR)
      error = n == 0 ? ENOSPC : errno;
  }
  if (const std::size_t whole = whole_lines(lines.substr(0, done)); whole < done) {
    if (before >= 0 && ::ftruncate(fd, before + static_cast<off_t>(whole)) != 0) error = errno;
    done = whole;
  }
  ::flock(fd, LOCK_UN);
  return done;
}

// Would a write wait for a reader? What is lent to us (standard output) is not ours to make
// non-blocking.
bool can_take(int fd) {
  pollfd wanted{fd, POLLOUT, 0};
  return ::poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) != 0;
}

// A pipe, a terminal, a socket: takes up to PIPE_BUF bytes in one piece (pipe(7)), so lines are
// given in such pieces.
class Stream {
 public:
  std::size_t write(int fd, std::string_view lines, int& error) {
    std::size_t done = 0;
    error = 0;
    while (done < lines.size()) {
      if (rest_.empty()) {
        std::string_view piece = lines.substr(done, PIPE_BUF);
        if (const std::size_t whole = whole_lines(piece); whole > 0)
          piece = piece.substr(0, whole);
        else
          piece = lines.substr(done, lines.find('\n', done) + 1 - done);
        rest_ = piece;
        taken_ = piece.size();
      }
      if (!push(fd, error)) return done;
      done += taken_;
    }
    return done;
  }

 private:
  // All of the rest; what a reader that is too slow left over comes first the next time.
  bool push(int fd, int& error) {
    while (!rest_.empty()) {
      if (!can_take(fd)) return error = EAGAIN, false;
      const ssize_t n = ::write(fd, rest_.data(), std::min<std::size_t>(rest_.size(), PIPE_BUF));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error = errno, false;
      rest_.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }
  std::string rest_;       // of the piece that is being written
  std::size_t taken_ = 0;  // how long that piece is
};

// ---- the sinks

class DescriptorSink : public Sink {
 public:
  std::size_t write(std::string_view lines) override {
    if (fd() < 0) {
      if (const std::string why = open(); !why.empty()) return trouble_ = why, 0;
    }
    int error = 0;
    const std::size_t done =
        regular_ ? append(fd(), lines, error) : stream_.write(fd(), lines, error);
    trouble_ = error == 0 ? "" : error == EAGAIN ? name_ + ": nobody reads" : failure(name_, error);
    slow_ = error == EAGAIN;
    return done;
  }
  int busy() const override { return slow_ ? fd() : -1; }
  std::size_t longest_line() const override { return in_pieces() ? PIPE_BUF : SIZE_MAX; }

 protected:
  explicit DescriptorSink(std::string name) : name_(std::move(name)) {}
  virtual int fd() const = 0;
  virtual bool in_pieces() const = 0;
  void opened() {
    regular_ = is_regular(fd());
    stream_ = {};
  }
  const std::string name_;

 private:
  bool regular_ = false, slow_ = false;
  Stream stream_;
};

class FileSink final : public DescriptorSink {
 public:
  explicit FileSink(std::string path) : DescriptorSink(std::move(path)) {}

  std::string check() const override {
    const Fd fd(::open(name_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() >= 0) return {};
    if (errno != ENOENT) return failure(name_, errno);
    const auto slash = name_.rfind('/');
    const std::string directory = slash == std::string::npos ? "."
                                  : slash == 0               ? "/"
                                                             : name_.substr(0, slash);
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
      return "cannot be created: " + failure(directory, errno);
    return {};
  }
  std::string open() override {
    // A pipe without a reader must not stop us, here or later.
    Fd fd(::open(name_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                 0640));
    if (fd.get() < 0) return failure(name_, errno);
    fd_ = std::move(fd);
    opened();
    return {};
  }

 private:
  int fd() const override { return fd_.get(); }
  bool in_pieces() const override {
    struct stat status {};
    return ::stat(name_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  }
  Fd fd_;
};

class StdoutSink final : public DescriptorSink {
 public:
  StdoutSink() : DescriptorSink("standard output") {}
  std::string check() const override {
    return ::fcntl(STDOUT_FILENO, F_GETFD) < 0 ? failure(name_, errno) : "";
  }
  std::string open() override {
    opened();
    return {};
  }

 private:
  int fd() const override { return STDOUT_FILENO; }
  bool in_pieces() const override { return !is_regular(STDOUT_FILENO); }
};

class JournalSink final : public Sink {
 public:
  JournalSink(std::string socket, std::string instance)
      : path_(std::move(socket)),
        tail_("\nPRIORITY=6\nSYSLOG_IDENTIFIER=hyalite\nHYALITE_INSTANCE=" + instance + "\n") {}

  std::string check() const override {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return failure(path_, errno);
    return S_ISSOCK(status.st_mode) ? "" : path_ + ": is not a socket";
  }
  std::string open() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) return path_ + ": is too long for a socket's path";
    path_.copy(address.sun_path, path_.size());
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() < 0 ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return failure(path_, errno);
    fd_ = std::move(fd);
    return {};
  }
  std::size_t write(std::string_view lines) override {
    trouble_.clear();
    std::size_t done = 0;
    for (bool again = true; done < lines.size();) {
      const std::string_view line = lines.substr(done, lines.find('\n', done) - done);
      const int error = send(line);
      if (error == 0) {
        done += line.size() + 1;
        continue;
      }
      slow_ = error == EAGAIN;
      // The journal was started anew: its socket is another one.
      if (!slow_ && std::exchange(again, false) && open().empty()) continue;
      trouble_ = slow_ ? path_ + ": the journal does not keep up" : failure(path_, error);
      break;
    }
    return done;
  }
  int busy() const override { return slow_ ? fd_.get() : -1; }
  std::size_t longest_line() const override {
    return std::size_t{64} << 10;
  }  // well below what a datagram may have

 private:
  int send(std::string_view line) {
    const std::string entry = "MESSAGE=" + std::string(line) + tail_;
    while (::send(fd_.get(), entry.data(), entry.size(), MSG_NOSIGNAL) < 0) {
      if (errno != EINTR) return errno == EWOULDBLOCK ? EAGAIN : errno;
    }
    slow_ = false;
    return 0;
  }
  const std::string path_, tail_;
  Fd fd_;
  bool slow_ = false;
};

}  // namespace

std::unique_ptr<Sink> file_sink(std::string path) {
  return std::make_unique<FileSink>(std::move(path));
}
std::unique_ptr<Sink> stdout_sink() { return std::make_unique<StdoutSink>(); }
std::unique_ptr<Sink> journal_sink(std::string socket, std::string instance) {
  return std::make_unique<JournalSink>(std::move(socket), std::move(instance));
}
