// A transport over another one: TLS, on either end of it.
// SPDX-License-Identifier: MIT
#include "tls/tls_transport.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "tls/openssl_error.h"

namespace hyalite {

namespace {

// Encrypted at once; then the socket has to take it.
constexpr std::size_t kMostAtOnce = 64 * 1024;
// A peer that makes us answer (key updates, alerts) and does not read is cut off here.
constexpr std::size_t kMostHeld = 4 * kMostAtOnce;

// Records read in one call of ours, before others get their turn.
constexpr unsigned kMostWork = 512;
// A handshake message after the handshake (new keys, a ticket) takes as long as so many records.
constexpr unsigned kWorkOfMessage = 64;
// Records and handshake messages in a row that bring no byte of the application's: 32 key updates, as BoringSSL takes.
constexpr unsigned kMostBarren = 64;
// The same in a handshake: its messages may come in small records, but not byte by byte.
constexpr unsigned kMostInHandshake = 4096;

// Called for each record's head and for each message, in both directions.
void on_protocol(int written, int, int what, const void*, std::size_t, SSL*, void* transport) {
  if (written != 0) return;
  if (what == SSL3_RT_HEADER) static_cast<TlsTransport*>(transport)->on_record();
  if (what == SSL3_RT_HANDSHAKE) static_cast<TlsTransport*>(transport)->on_handshake_message();
}

}  // namespace

// ---- the way between the library and the transport below ----

struct TlsBio {
  static TlsTransport& owner(BIO* bio) { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size > 0) owner(bio).give_output({data, static_cast<std::size_t>(size)});
    return size;
  }

  static int read(BIO* bio, char* room, int size) {
    BIO_clear_retry_flags(bio);
    const int n = owner(bio).take_input(room, size);
    if (n <= 0 && owner(bio).wants_input()) BIO_set_retry_read(bio);
    return n;
  }

  static long control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_EOF: return owner(bio).wants_input() ? 0 : 1;
      default: return 0;
    }
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  // Made once in a process; belongs to it like the library itself.
  static const BIO_METHOD* method() {
    static BIO_METHOD* const kMethod = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hyalite");
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      BIO_meth_set_create(made, create);
      return made;
    }();
    return kMethod;
  }
};

TlsTransport::TlsTransport(std::unique_ptr<Transport> below, Bytes first, Connection connection, TlsScratch& scratch,
                           TlsFacts& facts, std::unique_ptr<Observer> observer)
    : below_(std::move(below)),
      connection_(std::move(connection)),
      scratch_(scratch),
      facts_(facts),
      observer_(std::move(observer)) {
  first_.append(first);
  SSL_set_app_data(connection_.get(), reinterpret_cast<char*>(this));
  SSL_set_msg_callback(connection_.get(), on_protocol);
  SSL_set_msg_callback_arg(connection_.get(), this);
  BIO* bio = BIO_new(TlsBio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(connection_.get(), bio, bio);
}

// However the connection ends, its session can be resumed (RFC 5246, section 7.2.1); the library would give it up.
TlsTransport::~TlsTransport() {
  if (SSL_is_init_finished(connection_.get()) == 1) {
    SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

TlsTransport& TlsTransport::of(const SSL* connection) {
  return *reinterpret_cast<TlsTransport*>(SSL_get_app_data(connection));
}

int TlsTransport::take_input(char* room, int size) {
  if (!first_.empty()) {
    const Bytes bytes = first_.bytes().substr(0, static_cast<std::size_t>(size));
    std::memcpy(room, bytes.data(), bytes.size());
    first_.consume(bytes.size());
    saw_input_ = true;
    return static_cast<int>(bytes.size());
  }
  if (below_state_ != Below::open) return below_state_ == Below::ended ? 0 : -1;
  const Moved moved = below_->read({room, static_cast<std::size_t>(size)});
  switch (moved.state) {
    case Moved::State::moved:
      // A record begins with its type, 20 to 24 (RFC 8446, section 5.1).
      if (!saw_input_) input_was_plain_ = room[0] < 20 || room[0] > 24;
      saw_input_ = true;
      input_drained_ = moved.drained;
      return static_cast<int>(moved.bytes);
    case Moved::State::later: return -1;
    case Moved::State::ended: below_state_ = Below::ended; return 0;
    case Moved::State::broken: break;
  }
  below_state_ = Below::broken;
  below_error_ = moved.error;
  return -1;
}

void TlsTransport::on_record() {
  ++work_;
  count_step();
}

void TlsTransport::on_handshake_message() {
  work_ += kWorkOfMessage;
  count_step();
}

// The library goes on by itself while there is nothing for whoever reads, and cannot be told to fail; but behind the peer's end
// it reads nothing.
void TlsTransport::count_step() {
  ++barren_;
  if (says_nothing()) SSL_set_shutdown(connection_.get(), SSL_get_shutdown(connection_.get()) | SSL_RECEIVED_SHUTDOWN);
}

bool TlsTransport::says_nothing() const { return barren_ > (facts_.done ? kMostBarren : kMostInHandshake); }

// What the library wrote goes on its way; what the socket does not take is held. False when the connection is gone.
bool TlsTransport::send_held() {
  if (!scratch_.output.empty() && held_.empty()) {
    Bytes rest = scratch_.output;
    while (!rest.empty()) {
      const Moved moved = below_->write({&rest, 1}, false);
      if (moved.state == Moved::State::broken) {
        scratch_.output.clear();
        return false;
      }
      if (moved.state == Moved::State::later) break;
      rest.remove_prefix(moved.bytes);
    }
    held_.append(rest);
  } else {
    held_.append(scratch_.output);
  }
  scratch_.output.clear();
  return held_.size() <= kMostHeld;
}

Moved TlsTransport::push() {
  while (!held_.empty()) {
    const Bytes bytes = held_.bytes();
    const Moved moved = below_->write({&bytes, 1}, false);
    if (moved.state != Moved::State::moved) return moved;
    held_.consume(moved.bytes);
  }
  if (ending_) below_->end_writing();
  return {Moved::State::moved};
}

// ---- the handshake ----

Moved TlsTransport::negotiate() {
  if (const Moved pushed = push(); pushed.state != Moved::State::moved) {
    if (pushed.state == Moved::State::broken) facts_.failure = HandshakeFailure::peer_left;
    return pushed;
  }
  forget_openssl_errors();
  const int result = SSL_do_handshake(connection_.get());
  const bool sent = send_held();
  if (result == 1) {
    facts_.done = true;
    barren_ = 0;
    facts_.version = static_cast<std::uint16_t>(SSL_version(connection_.get()));
    facts_.resumed = SSL_session_reused(connection_.get()) == 1;
    if (const SSL_CIPHER* cipher = SSL_get_current_cipher(connection_.get())) facts_.cipher = SSL_CIPHER_standard_name(cipher);
    const unsigned char* alpn = nullptr;
    unsigned alpn_size = 0;
    SSL_get0_alpn_selected(connection_.get(), &alpn, &alpn_size);
    facts_.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
    if (const int group = static_cast<int>(SSL_get_negotiated_group(connection_.get())); group > 0) {
      const char* name = SSL_group_to_name(connection_.get(), group);
      if (name != nullptr) facts_.group = name;
    }
    if (observer_) observer_->on_handshake(connection_.get(), facts_);
    return {sent ? Moved::State::moved : Moved::State::broken};
  }
  if (SSL_get_error(connection_.get(), result) == SSL_ERROR_WANT_READ && sent) return {Moved::State::later};
  fail_handshake(result);
  if (observer_) observer_->on_handshake(connection_.get(), facts_);
  return {Moved::State::broken, 0, below_error_};
}

void TlsTransport::fail_handshake(int result) {
  const unsigned long first = ERR_peek_error();
  if (facts_.alert != 0) {
    facts_.failure = HandshakeFailure::alert;
    facts_.error = "the peer refused with the alert " + alert_text(facts_.alert);
  } else if (input_was_plain_) {
    facts_.failure = HandshakeFailure::not_tls;
    facts_.error = "the peer does not speak TLS here";
  } else if (says_nothing()) {
    facts_.failure = HandshakeFailure::unacceptable;
    facts_.error = "the peer's handshake comes in too many pieces";
  } else if (below_state_ != Below::open || SSL_get_error(connection_.get(), result) == SSL_ERROR_SYSCALL) {
    facts_.failure = HandshakeFailure::peer_left;
    facts_.error = "the peer closed the connection during the handshake";
  } else {
    facts_.failure = HandshakeFailure::unacceptable;
    const char* reason = ERR_reason_error_string(first);
    facts_.error = reason != nullptr ? reason : "the handshake failed";
  }
  forget_openssl_errors();
}

// ---- bytes ----

Moved TlsTransport::failed(int result) {
  // The library says `ended` of it, which it is not.
  if (says_nothing()) return {Moved::State::broken, 0, ECONNABORTED};
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return {Moved::State::later};
    case SSL_ERROR_ZERO_RETURN: return {Moved::State::ended};
    default: break;
  }
  forget_openssl_errors();
  return {Moved::State::broken, 0, below_error_ != 0 ? below_error_ : ECONNABORTED};
}

Moved TlsTransport::read(std::span<char> room) {
  forget_openssl_errors();
  std::size_t got = 0;
  Moved end{Moved::State::moved};
  input_drained_ = false;
  work_ = 0;
  while (got < room.size()) {
    // There is more, most likely: whoever reads comes again.
    if (got > 0 && work_ >= kMostWork) break;
    // A read that took all there was saves the one that says so.
    if (got > 0 && input_drained_ && SSL_has_pending(connection_.get()) == 0) {
      end.state = Moved::State::later;
      break;
    }
    const int most = static_cast<int>(std::min<std::size_t>(room.size() - got, INT_MAX));
    const int n = SSL_read(connection_.get(), room.data() + got, most);
    if (n <= 0) {
      end = failed(n);
      break;
    }
    got += static_cast<std::size_t>(n);
    barren_ = 0;
  }
  if (!send_held()) end = {Moved::State::broken, 0, below_error_};
  // Whoever lets us hold that much could go on for ever with a byte of its own each time.
  if (held_.size() > kMostHeld) return end;
  if (end.state == Moved::State::later) release_buffers();
  // What came before an end is told first; the end is still there at the next call.
  if (got > 0) return {Moved::State::moved, got, 0, end.state == Moved::State::later};
  return end;
}

// A session ticket that was read leaves a buffer for writing behind. Of a record that is half read the library would forget
// the head.
void TlsTransport::release_buffers() {
  if (std::strcmp(SSL_rstate_string(connection_.get()), "RH") == 0) (void)SSL_free_buffers(connection_.get());
}

// Pieces that make one record; a large one is taken as it lies. How many bytes of it were put into the scratch.
std::size_t TlsTransport::gather(std::span<const Bytes> pieces, std::size_t& piece, std::size_t& offset) {
  std::size_t size = 0;
  while (piece < pieces.size() && size < scratch_.gather.size()) {
    const Bytes rest = pieces[piece].substr(offset);
    const std::size_t n = std::min(rest.size(), scratch_.gather.size() - size);
    std::memcpy(scratch_.gather.data() + size, rest.data(), n);
    size += n;
    offset += n;
    if (offset == pieces[piece].size()) ++piece, offset = 0;
  }
  return size;
}

Moved TlsTransport::write(std::span<const Bytes> pieces, bool) {
  if (const Moved pushed = push(); pushed.state != Moved::State::moved) return pushed;
  forget_openssl_errors();
  std::size_t piece = 0, offset = 0, taken = 0;
  while (piece < pieces.size() && taken < kMostAtOnce) {
    const Bytes rest = pieces[piece].substr(offset);
    Bytes record;
    if (rest.size() >= scratch_.gather.size()) {
      record = rest.substr(0, kMostAtOnce);
      offset += record.size();
      if (offset == pieces[piece].size()) ++piece, offset = 0;
    } else {
      record = {scratch_.gather.data(), gather(pieces, piece, offset)};
    }
    if (record.empty()) break;
    const int n = SSL_write(connection_.get(), record.data(), static_cast<int>(record.size()));
    if (n <= 0) {
      const Moved end = failed(n);
      (void)send_held();
      return taken > 0 ? Moved{Moved::State::moved, taken} : Moved{Moved::State::broken, 0, end.error};
    }
    taken += record.size();
  }
  if (!send_held()) return {Moved::State::broken, 0, EPIPE};
  return {Moved::State::moved, taken};
}

// close_notify, then FIN: what the peer still sends is read (RFC 8446, section 6.1).
void TlsTransport::end_writing() {
  forget_openssl_errors();
  if (facts_.done) (void)SSL_shutdown(connection_.get());
  forget_openssl_errors();
  ending_ = true;
  if (!send_held()) return;
  if (held_.empty()) below_->end_writing();
}

}  // namespace hyalite
