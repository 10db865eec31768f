// The lines of a list's file, compressed or not.
// SPDX-License-Identifier: MIT
#include "list_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t kMostGiven = kMostLineBytes + 1;

struct Close {
  void operator()(gzFile file) const { ::gzclose(file); }
};
using File = std::unique_ptr<gzFile_s, Close>;

// zlib reads what is not compressed, too.
std::string open(const std::string& path, File& file) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return why;
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(fd);
    return "is not a file";
  }
  file.reset(::gzdopen(fd, "rb"));
  if (file) return {};
  ::close(fd);
  return "there is no memory";
}

}  // namespace

std::string read_lines(const std::string& path,
                       const std::function<void(std::size_t, std::string_view)>& line) {
  File file;
  if (const std::string why = open(path, file); !why.empty()) return path + ": " + why;
  ::gzbuffer(file.get(), 1u << 17);
  std::vector<char> block(std::size_t{1} << 17);
  std::string begun;  // of a line whose end has not come
  std::size_t number = 1, total = 0;
  const auto take = [&](std::string_view bytes) {
    begun.append(bytes.substr(0, kMostGiven - std::min(begun.size(), kMostGiven)));
  };
  const auto finish = [&](std::string_view bytes) {
    if (begun.empty() && bytes.size() <= kMostGiven) return line(number++, bytes);
    take(bytes);
    line(number++, begun);
    begun.clear();
  };
  for (;;) {
    const int n = ::gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    if (n <= 0) break;
    total += static_cast<std::size_t>(n);
    if (total > kMostListBytes) return path + ": is larger than 1 GiB";
    std::string_view rest(block.data(), static_cast<std::size_t>(n));
    if (total == rest.size() && rest.substr(0, 3) == "\xef\xbb\xbf")
      rest.remove_prefix(3);  // a byte order mark
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      finish(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    take(rest);
  }
  int error = Z_OK;
  const std::string why = ::gzerror(file.get(), &error);
  if (!begun.empty()) finish({});
  if (error == Z_OK || error == Z_STREAM_END) return {};
  return path + ":" + std::to_string(number) + ": " +
         (error == Z_ERRNO       ? std::strerror(errno)
          : error == Z_BUF_ERROR ? "ends in the middle of its compression"
                                 : "is damaged: " + why);
}
