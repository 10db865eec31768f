// How much memory a process has taken for itself.
// SPDX-License-Identifier: MIT
#include "process/process_memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/text.h"

namespace hyalite {

namespace {

// The words of statm: size resident shared text lib data dt.
enum Word : std::size_t { kResident = 1, kShared = 2, kData = 5 };

std::string read_statm(pid_t pid) {
  const std::string path =
      pid == 0 ? "/proc/self/statm" : "/proc/" + std::to_string(pid) + "/statm";
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : 0;
  return got <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(got));
}

std::optional<std::uint64_t> word_of(std::string_view statm, Word which) {
  const auto words = split(trim(statm), ' ');
  return words.size() > which ? parse_decimal(words[which]) : std::nullopt;
}

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

std::optional<std::size_t> anonymous_pages(std::string_view statm) {
  const auto resident = word_of(statm, kResident), shared = word_of(statm, kShared);
  if (!resident || !shared || *shared > *resident) return std::nullopt;
  return static_cast<std::size_t>(*resident - *shared);
}

std::optional<std::size_t> anonymous_memory(pid_t pid) {
  const auto pages = anonymous_pages(read_statm(pid));
  if (!pages) return std::nullopt;
  return *pages * page_bytes();
}

bool limit_memory(std::size_t more) {
  const auto data = word_of(read_statm(0), kData);
  if (!data) return false;
  rlimit limit{};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return false;
  const rlim_t wanted = static_cast<rlim_t>(*data) * page_bytes() + more;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= wanted) return true;
  limit.rlim_cur = wanted;
  return ::setrlimit(RLIMIT_DATA, &limit) == 0;
}

}  // namespace hyalite
