// Which protocol do they speak? Told by the first bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace hyalite {

enum class ClientSpeaks {
  need_more,  // it may still become any of the others
  tls,  // begins like a TLS record of whatever kind, or like a ClientHello in the form of SSL 2.0,
        // which some servers still take (RFC 5246, appendix E.2): more than can be read, never
        // tunnelled as something else
  http1,  // any server might read it as an HTTP/1 request, valid or not: to be checked strictly,
          // never tunnelled
  http2_preface,  // the whole connection preface of RFC 9113, section 3.4
  other,          // no server reads a request in this
};

enum class ServerSpeaks {
  need_more,
  http1,  // begins with "HTTP/", in whatever case
  other,
};

// `first`: all that the client has sent so far. An answer other than need_more stays the same
// however the bytes go on. `limit` bytes without a decision, and one more, are http1: there they
// are refused as an endless request line.
//
// What counts as an HTTP/1 request is what the most lenient server would take for one. White space
// before it is skipped. Its first word ends at SP, HTAB, VT, FF or a bare CR (RFC 9112, section 3)
// and holds no other control byte. It is a known method in any case; or the line holds "HTTP/" in
// any case behind it; or the second word looks like a target
// ("/...", "*..." or "...://..."), as in HTTP/0.9. A line that ends without any of this is
// something else. So is git's own protocol, whose first packet ("0033git-upload-pack /x\0host=...")
// has a path, but a NUL behind it and no end of a line.
ClientSpeaks sniff_client(Bytes first, std::size_t limit = 16 * 1024);

// The same for a server, before or after the client said anything.
ServerSpeaks sniff_server(Bytes first);

// A method of the IANA registry, or of UPnP and caches, in any case.
bool is_known_method(Bytes word);

const char* name(ClientSpeaks speaks);  // for logs and counters
const char* name(ServerSpeaks speaks);

}  // namespace hyalite
