// Fuzz target: lists for the blocker. Whatever the file: its lines come one by one, and are names, URLs or mistakes.
// SPDX-License-Identifier: MIT
#include <hyalite/cpp/name_set.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/blocker/list_file.h"
#include "plugins/blocker/list_line.h"
#include "tests/fuzz/fuzzing.h"

namespace hyalite {
namespace {

// Each word of the text, taken for a name: what is added must be found, and so must what is below it.
void try_names(std::string_view text) {
  NameSet::Builder names;
  std::vector<std::string> added;
  for (std::string_view word : split(text, '\n')) {
    const HostName name(word);
    if (!name) continue;
    require(name.text().size() <= 253 && HostName(name.text()).text() == name.text(), "a normal name is not normal", word);
    names.add(name.text(), added.size() % 2 == 0 ? NameSet::with_subdomains : NameSet::itself, 7);
    added.emplace_back(name.text());
  }
  const NameSet set = std::move(names).build();
  for (std::size_t i = 0; i < added.size(); ++i) {
    const std::string& name = added[i];
    require(set.find(name).has_value(), "a name is lost", name);
    // Found is the name itself, or a longer one that was added, too.
    const std::string longer = "x." + name;
    const auto below = set.find(longer);
    const bool covered = below.has_value() && longer.ends_with(below->name);
    require(i % 2 == 1 || longer.size() > 253 || covered, "a name does not cover what is below it", name);
  }
  require(set.size() <= added.size(), "more names than were added");
}

void try_line(std::string_view text) {
  const list_line::Line line = list_line::read(text);
  if (const auto* names = std::get_if<list_line::Names>(&line)) {
    for (const HostName& name : names->names) require(name.valid(), "no name", text);
  } else if (const auto* url = std::get_if<list_line::Url>(&line)) {
    require(url->prefix.host.valid() && url->prefix.path.starts_with('/'), "no URL", text);
    require(normal_path(url->prefix.path) == url->prefix.path, "a normal path is not normal", url->prefix.path);
  }
}

void try_file(std::string_view text) {
  const int fd = memfd_create("list", MFD_CLOEXEC);
  require(fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "no file");
  std::size_t count = 0;
  const std::string why = read_lines("/proc/self/fd/" + std::to_string(fd), [&](std::size_t number, std::string_view line) {
    require(number == ++count && line.find('\n') == std::string_view::npos, "no line", line);
    try_line(line);
  });
  require(!why.empty() || text.starts_with("\x1f\x8b") || count >= static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), "lines are missing");
  close(fd);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hyalite::try_names(hyalite::as_text(data, size));
  hyalite::try_file(hyalite::as_text(data, size));
  return 0;
}
