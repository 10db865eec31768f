// Heads of requests and responses, and trailers: views into the bytes that came, plus what was edited.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "http/fields.h"

namespace hyalite {

// What requests and responses have in common. Filled by RequestReader and ResponseReader, which
// index into bytes that their caller keeps alive and in place (or tells moved_to()) as long as the
// head is used.
class Head : public Fields {
 public:
  // HTTP/1.x: 0 or 1.
  unsigned minor_version() const { return minor_version_; }
  // The whole head as it came, with the empty line at its end. While !edited() this is what is
  // sent.
  Bytes raw() const { return raw_; }
  // The start-line as it came, with CRLF; empty when it was edited.
  Bytes start_line() const { return start_line_; }
  // The raw bytes were copied to `begin`: every view into them goes along.
  void moved_to(const char* begin);

  // As new, but for its memory. (A response's status is then any.)
  void forget();

  // Edits by the host alone, which answers for the body being sent accordingly.

  // Content-Length and Transfer-Encoding go; what is said here stands in their place, or last if
  // there was neither.
  void frame_chunked(Arena& arena);
  void frame_length(std::uint64_t length, Arena& arena);
  void frame_until_close(Arena& arena);  // responses only; says Connection: close, too
  // `close` joins the options of Connection, `keep-alive` leaves them.
  void say_close(Arena& arena);
  // `close` leaves the options of Connection. (Proxy-Connection is left alone.)
  void unsay_close(Arena& arena);
  // All fields of that name.
  void drop(Name name);

 protected:
  friend class Indexer;
  Head() = default;

  Bytes raw_, start_line_;
  std::array<Bytes, 2> start_pieces_;  // request: method, target; response: reason
  unsigned minor_version_ = 1;

 private:
  void replace_framing(Name name, Bytes value, Arena& arena);
  void put_connection(const std::string& options, Arena& arena);
};

class RequestHead : public Head {
 public:
  Bytes method() const { return start_pieces_[0]; }  // any token, in the case in which it came
  // Origin-, absolute-, authority- or asterisk-form, as it came.
  Bytes target() const { return start_pieces_[1]; }
  bool is_head() const { return method() == "HEAD"; }
  bool is_connect() const { return method() == "CONNECT"; }

  // A plugin may not turn a request into HEAD or CONNECT or back.
  Edited set_method(Bytes method, Arena& arena);
  Edited set_target(Bytes target, Arena& arena);
};

class ResponseHead : public Head {
 public:
  int status() const { return status_; }             // 100..999
  Bytes reason() const { return start_pieces_[0]; }  // may be empty
  // 1xx but not 101: the final response is still to come.
  bool is_interim() const { return status_ < 200 && status_ != 101; }
  // A plugin may not move between statuses with a body and those without (1xx, 204, 205, 304).
  Edited set_status(int status, Bytes reason, Arena& arena);

 private:
  friend class Indexer;
  int status_ = 0;
};

// The trailer section of a chunked body.
class Trailers : public Fields {
 public:
  // The field lines as they came, without the empty line behind them.
  Bytes raw() const { return raw_; }

 private:
  friend class Indexer;
  Bytes raw_;
};

}  // namespace hyalite
