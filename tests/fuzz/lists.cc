// Fuzz target: files of host names for the blocker. Whatever the file: names that are names, and mistakes with a place.
// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "plugins/blocker/domain_set.h"
#include "plugins/blocker/list_file.h"
#include "tests/fuzz/fuzzing.h"

namespace hyalite {
namespace {

// Each word of the text, taken for a name: what is added must be found, and so must what is below it.
void try_names(std::string_view text) {
  DomainSet names;
  std::vector<std::string> added;
  for (std::string_view word : split(text, '\n')) {
    const auto name = normal_host(word);
    if (!name) continue;
    require(name->size() <= 253 && !name->empty() && normal_host(*name) == name, "a normal name is not normal", word);
    names.add(*name, 7);
    added.push_back(*name);
  }
  for (const std::string& name : added) {
    require(names.find(name).has_value(), "a name is lost", name);
    const auto below = names.find("x." + name);
    require(below.has_value() && name.size() >= below->name.size(), "a name does not cover what is below it", name);
  }
  require(names.size() <= added.size(), "more names than were added");
}

void try_file(std::string_view text) {
  const int fd = memfd_create("list", MFD_CLOEXEC);
  require(fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "no file");
  DomainSet names;
  std::size_t mistakes = 0;
  const auto mistake = [&](const std::string& told) {
    ++mistakes;
    require(told.find('\n') == std::string::npos, "a mistake of several lines", told);
  };
  require(read_list("/proc/self/fd/" + std::to_string(fd), 1, names, mistake), "it could not be read");
  require(mistakes <= 11, "there are too many mistakes");
  close(fd);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hyalite::try_names(hyalite::as_text(data, size));
  hyalite::try_file(hyalite::as_text(data, size));
  return 0;
}
