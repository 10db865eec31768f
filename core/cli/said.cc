// Did all that a command said get to where it was sent?
// SPDX-License-Identifier: MIT
#include "cli/said.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "cli/commands.h"

namespace hyalite {

int when_all_is_said(int status) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  if (errno != EPIPE) {
    const std::string why = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
    std::fprintf(stderr, "hyalite: not all could be written to standard output%s\n", why.c_str());
  }
  return status == kExitDone ? kExitFailed : status;
}

}  // namespace hyalite
