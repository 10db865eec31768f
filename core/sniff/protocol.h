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

// The same, asked again as the bytes grow: each is looked at once, however they come.
class ClientSniffer {
 public:
  explicit ClientSniffer(std::size_t limit) : limit_(limit) {}
  // `first`: what was given before, and perhaps more.
  ClientSpeaks sniff(Bytes first);

 private:
  // What the last byte that was looked at belongs to: white space before the line, its first word,
  // a CR behind that which may be part of the line's end, or the rest.
  enum class Part { before, word, cr, rest };
  // The second word.
  enum class Target { awaited, begun, over, looks_like_one };
  ClientSpeaks judge(Bytes first);
  ClientSpeaks judge_with_last(Bytes first);
  ClientSpeaks begin_rest(Bytes word);
  ClientSpeaks judge_rest_with(char c);
  bool is_version_with(char c);
  void note_target_with(char c);

  const std::size_t limit_;
  std::size_t looked_at_ = 0;
  ClientSpeaks line_ = ClientSpeaks::need_more;  // as far as it was looked at
  Part part_ = Part::before;
  std::size_t word_ = 0, word_size_ = 0;  // where the first word is
  bool git_ = false;                      // it is a service of git's
  Target target_ = Target::awaited;
  std::size_t version_matched_ = 0, scheme_matched_ = 0;
};

// The same for a server, before or after the client said anything.
ServerSpeaks sniff_server(Bytes first);

// A method of the IANA registry, or of UPnP and caches, in any case.
bool is_known_method(Bytes word);

const char* name(ClientSpeaks speaks);  // for logs and counters
const char* name(ServerSpeaks speaks);

}  // namespace hyalite
