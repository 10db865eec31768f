// Files of host names, one a line.
// SPDX-License-Identifier: MIT
#include "list_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

namespace {

constexpr std::size_t kMostFileBytes = std::size_t{512} << 20;
constexpr unsigned kMostTold = 10;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

// The lines of a file, whatever bytes they have.
class Line {
 public:
  Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { std::free(data_); }
  std::optional<std::string_view> next(std::FILE* file) {
    const ssize_t n = ::getline(&data_, &size_, file);
    if (n < 0) return std::nullopt;
    return std::string_view(data_, static_cast<std::size_t>(n));
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

std::string_view trim(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = line.find_first_not_of(kBlank);
  return first == std::string_view::npos
             ? std::string_view()
             : line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

// What can be shown of a line in a message.
std::string shown(std::string_view line) {
  std::string out(line.substr(0, 60));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out + (line.size() > 60 ? "..." : "");
}

std::string what_is_wrong(std::string_view line) {
  if (line.starts_with("*."))
    return "write it without \"*.\": a name stands for all that is below it, too";
  if (line.find_first_of(" \t") != std::string_view::npos)
    return "there is more than one word on the line";
  if (line.find("://") != std::string_view::npos || line.find('/') != std::string_view::npos)
    return "this is a URL, not a host name";
  for (const char c : line) {
    if (static_cast<unsigned char>(c) >= 0x80) return "write it in its ASCII form (xn--...)";
  }
  return "this is not a host name";
}

}  // namespace

bool read_list(const std::string& path, std::uint32_t source, hyalite::NameSet::Builder& names,
               const std::function<void(const std::string&)>& mistake) {
  const File file(std::fopen(path.c_str(), "rbe"));
  struct stat status {};
  if (!file || ::fstat(::fileno(file.get()), &status) != 0)
    return mistake(path + ": " + std::strerror(errno)), false;
  if (!S_ISREG(status.st_mode)) return mistake(path + ": is not a file"), false;
  if (static_cast<std::size_t>(status.st_size) > kMostFileBytes)
    return mistake(path + ": is larger than 512 MiB"), false;

  unsigned number = 0, wrong = 0;
  Line buffer;
  while (const auto raw = buffer.next(file.get())) {
    ++number;
    const std::string_view line = trim(raw->substr(0, raw->find('#')));
    if (line.empty()) continue;
    if (const hyalite::HostName name(line); name.valid()) {
      if (names.add(name.text(), hyalite::NameSet::with_subdomains, source) ==
          hyalite::NameSet::Builder::full)
        return mistake(path + ":" + std::to_string(number) + ": all lists together are too large"),
               false;
    } else if (++wrong <= kMostTold) {
      mistake(path + ":" + std::to_string(number) + ": \"" + shown(line) +
              "\": " + what_is_wrong(line));
    }
  }
  if (wrong > kMostTold)
    mistake(path + ": " + std::to_string(wrong - kMostTold) + " more lines are wrong");
  if (std::ferror(file.get()) != 0) return mistake(path + ": " + std::strerror(errno)), false;
  return true;
}
