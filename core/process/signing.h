// The generation's side of the signer: starts it, and hands its sockets to the workers.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "process/child.h"
#include "process/failure.h"

namespace hyalite {

// A signer that is ready, and the ends of its sockets for those who ask.
struct SignerPart {
  Child child;  // its channel tells when it dies
  std::vector<Fd> ends;
};

struct SignerWish {
  std::string file, user;  // as Begin has them
  int settings_text, master_life;
  unsigned askers;  // so many ends; 0: only looks whether the CA is fine, and nothing of it is left
  Milliseconds patience;
};

// Called with the privileges of the start, before anybody else's code runs in this process.
struct SignerOrFailure {
  std::optional<SignerPart> signer;
  std::optional<Failure> failure;
};
SignerOrFailure start_signer(const SignerWish& wish);

}  // namespace hyalite
