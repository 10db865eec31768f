// The generations and admin processes that the master has, by what they are known by.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "process/parts.h"

namespace hyalite {

// A part is here from its start until its process was waited for, and stays where it is in memory.
// Those who walk a list must not do what starts or takes out a part meanwhile.
class Roster {
 public:
  GenerationPart& add(std::unique_ptr<GenerationPart> part);
  AdminPart& add(std::unique_ptr<AdminPart> part);

  // Out of the list; null when nobody there has this pid.
  std::unique_ptr<GenerationPart> take_generation(pid_t pid);
  std::unique_ptr<AdminPart> take_admin(pid_t pid);

  // The oldest first.
  const std::vector<std::unique_ptr<GenerationPart>>& generations() const { return generations_; }
  const std::vector<std::unique_ptr<AdminPart>>& admins() const { return admins_; }

  // Null: there is none.
  GenerationPart* generation(std::uint64_t number) const;
  GenerationPart* serving() const;
  AdminPart* admin(pid_t pid) const;
  AdminPart* serving_admin() const;
  // One that serves or will, and was not told to leave.
  bool has_admin() const;

  // Of a generation or an admin process; -1: none has this pid, or it closed its end.
  int channel_of(pid_t pid) const;
  std::size_t draining() const;
  // At most so many, the oldest first: the newest ones, and in any case the one that serves.
  std::vector<const GenerationPart*> newest(std::size_t most) const;

 private:
  std::vector<std::unique_ptr<GenerationPart>> generations_;
  std::vector<std::unique_ptr<AdminPart>> admins_;
};

}  // namespace hyalite
