// The memory in which workers note who refused our certificates: kept by the master.
// SPDX-License-Identifier: MIT
#include "process/refusals_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tls/refusals.h"

namespace hyalite {

Fd refusals_memory() {
  Fd fd(::memfd_create("hyalite-refusals", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const auto size = static_cast<off_t>(Refusals::bytes());
  if (!fd || ::ftruncate(fd.get(), size) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return Fd();
  return fd;
}

bool is_refusals_memory(const Fd& fd) {
  struct stat status {};
  return fd && ::fstat(fd.get(), &status) == 0 &&
         status.st_size == static_cast<off_t>(Refusals::bytes());
}

}  // namespace hyalite
