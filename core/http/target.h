// Request targets and Host: their forms (RFC 9112, section 3.2); are two authorities the same?
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/bytes.h"
#include "http/refusal.h"

namespace hyalite {

struct Authority {
  Bytes host;  // as written; an IPv6 address with its brackets; never empty
  Bytes port;  // digits; empty when there is none
};

// host [ ":" [ port ] ]. A name is made of the characters of RFC 3986's reg-name, but neither "%"
// nor ",": a name that can be spelt in two ways, or read as a list, is none. No user information.
std::optional<Authority> parse_authority(Bytes text);

// Is it a target that this method may have? Origin-form; absolute-form with an authority;
// authority-form with a port for CONNECT, and only that; asterisk-form for OPTIONS. Any byte but
// controls and space passes otherwise: browsers send what RFC 3986 would have escaped, and it
// changes nothing about where a message ends. Not so NEL or NBSP of Latin-1 at its end (unless it is
// the end of a character of UTF-8): some cut them off as white space.
std::optional<Refusal> check_target(Bytes method, Bytes target);

// Of absolute- and authority-form; empty in the others. The target was found sound.
Bytes authority_in_target(Bytes method, Bytes target);

// Does the authority that the target may have say the same as Host? Case, and a port that is the
// scheme's own, do not matter.
bool host_agrees(Bytes method, Bytes target, Bytes host);

}  // namespace hyalite
