// What finished generations counted, in memory that outlives the admin process that adds it up.
// SPDX-License-Identifier: MIT
#include "process/totals_file.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/text.h"

namespace hyalite {

namespace {

// Two places for the text, written in turn; the head says which one counts, and is written last, at
// once.
struct Head {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
constexpr std::uint64_t kPlaces[] = {4'096, std::uint64_t{1} << 30};
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
// A board is folded soon after its generation ended: only lately folded ones can be told twice.
constexpr std::size_t kMostRemembered = 256;

Head read_head(int fd) {
  Head head;
  if (::pread(fd, &head, sizeof(head), 0) != static_cast<ssize_t>(sizeof(head)) ||
      head.bytes > kMostBytes)
    return {};
  return head;
}

}  // namespace

Result<KeptTotals> read_totals(int fd) {
  const Head head = read_head(fd);
  std::string text(head.bytes, '\0');
  if (::pread(fd, text.data(), text.size(), static_cast<off_t>(head.offset)) !=
      static_cast<ssize_t>(text.size())) {
    return Error::system(Fault::us, "cannot read the totals", errno);
  }
  KeptTotals kept;
  const std::string_view all = text;
  const std::size_t end = std::min(all.find('\n'), all.size());
  for (const std::string_view word : split(all.substr(0, end), ' ')) {
    if (const auto number = parse_decimal(word)) kept.generations.insert(*number);
  }
  auto totals = Totals::parse(all.substr(std::min(end + 1, all.size())));
  if (!totals) return totals.error();
  kept.totals = std::move(*totals);
  return kept;
}

Result<void> write_totals(int fd, const KeptTotals& kept) {
  std::string text = "folded";
  std::size_t skip =
      kept.generations.size() > kMostRemembered ? kept.generations.size() - kMostRemembered : 0;
  for (const std::uint64_t number : kept.generations) {
    if (skip > 0) {
      --skip;
    } else {
      text += ' ' + std::to_string(number);
    }
  }
  text += '\n' + kept.totals.text();
  if (text.size() > kMostBytes) return Error{Fault::us, "the totals are too long"};
  const Head head{read_head(fd).offset == kPlaces[0] ? kPlaces[1] : kPlaces[0], text.size()};
  const bool written = ::pwrite(fd, text.data(), text.size(), static_cast<off_t>(head.offset)) ==
                           static_cast<ssize_t>(text.size()) &&
                       ::pwrite(fd, &head, sizeof(head), 0) == static_cast<ssize_t>(sizeof(head));
  if (!written) return Error::system(Fault::us, "cannot write the totals", errno);
  return {};
}

}  // namespace hyalite
