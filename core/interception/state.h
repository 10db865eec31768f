// What must be remembered while interception is on: what kernel settings were before, and what the
// rules were when they were made. SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

struct InterceptState {
  struct Changed {
    std::string name, before, set;
    bool operator==(const Changed&) const = default;
  };
  std::string settings_file;
  std::string settings_text;  // as the file was: what is restored is what was switched on
  bool keep_open = false;
  // Everything was done; false while `on` or `off` is at work, and after it was killed.
  bool complete = false;
  std::vector<Changed> sysctls;
  std::string packets_text;          // what nft was given
  std::string packets_listing;       // what the kernel made of it, as packet_listing() has it
  std::vector<std::uint16_t> ports;  // that are intercepted
  std::uint16_t listener_port = 0;   // to which REDIRECT brings connections; 0: it does not
  // The kernel's number of the network namespace, which it never gives to another one; 0: the
  // kernel has none (before Linux 5.14), or the state is older than this.
  std::uint64_t network = 0;

  bool operator==(const InterceptState&) const = default;
};

std::string write_intercept_state(const InterceptState& state);
// Nothing when it is not what write_intercept_state() writes.
std::optional<InterceptState> read_intercept_state(std::string_view text);

// Not of this network namespace, whose number is that, but of one that is gone.
bool is_of_another_network(const InterceptState& state, std::uint64_t network);

// The file of this network namespace in /run/hyalite-intercept: gone with the rules themselves when
// the machine starts anew.
class StateFile {
 public:
  StateFile();

  // Nobody else changes anything as long as the descriptor is open. Makes the directory.
  Result<Fd> lock() const;
  // Nothing when there is none, or it is a dead namespace's: this one has got its inode. One that
  // cannot be understood is an error.
  Result<std::optional<InterceptState>> read() const;
  // Whole or not at all, and on the disk when this returns. With this namespace's number.
  Result<void> write(const InterceptState& state) const;
  Result<void> remove() const;

  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_;
  std::uint64_t network_ = 0;
};

}  // namespace hyalite
