// A transport over another one: TLS, on either end of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "base/buffer.h"
#include "net/transport.h"
#include "tls/facts.h"
#include "tls/handle.h"

namespace hyalite {

using Connection = Owned<SSL, SSL_free>;

// Shared by all transports of a worker: one works at a time.
struct TlsScratch {
  std::string output;             // records on their way to the socket; empty between two calls
  std::array<char, 16'384> gather;  // pieces that become one record
};

// Records are written into memory and leave with one call per turn; what the socket would not take is kept, and bounded:
// nothing more is encrypted until it is gone. What a peer may have the library do in one call is bounded, too, and so is what it
// may send without a byte for whoever reads; beyond, the connection is broken. An end without close_notify is `broken`, never
// `ended`: what was cut short cannot be taken for whole (RFC 8446, section 6.1).
class TlsTransport final : public Transport {
 public:
  // What else is to be told, by whoever made it.
  class Observer {
   public:
    virtual ~Observer() = default;
    // The handshake is over, well or not; `facts` say how.
    virtual void on_handshake(SSL* connection, TlsFacts& facts) = 0;
    // A session that could be resumed (upstream only). Its reference is the observer's.
    virtual void on_session(SSL_SESSION* session) = 0;
    // A secret of this connection, as a line of a key log; only where a rule asks for key logs.
    virtual void on_secret(const char* line) = 0;
  };

  // `connection` knows its role (accept or connect) and has no BIO yet. `first`: bytes that were read already. `facts`
  // outlive the transport; `observer` may be null.
  TlsTransport(std::unique_ptr<Transport> below, Bytes first, Connection connection, TlsScratch& scratch, TlsFacts& facts,
               std::unique_ptr<Observer> observer);
  ~TlsTransport() override;

  Moved negotiate() override;
  Moved read(std::span<char> room) override;
  Moved write(std::span<const Bytes> pieces, bool more) override;
  bool holds_output() const override { return !held_.empty(); }
  Moved push() override;
  std::size_t undelivered() const override { return held_.size() + below_->undelivered(); }
  void end_writing() override;
  void abort_on_close() override { below_->abort_on_close(); }
  int take_error() override { return below_->take_error(); }
  int fd() const override { return below_->fd(); }

  // For the library's callbacks.
  static TlsTransport& of(const SSL* connection);
  Observer* observer() { return observer_.get(); }
  TlsFacts& facts() { return facts_; }
  void on_alert_received(int alert) { facts_.alert = static_cast<std::uint8_t>(alert); }
  void on_record();
  void on_handshake_message();

 private:
  friend struct TlsBio;
  enum class Below { open, ended, broken };

  // For the BIO.
  int take_input(char* room, int size);
  void give_output(Bytes bytes) { scratch_.output += bytes; }
  bool wants_input() const { return below_state_ == Below::open; }

  void count_step();
  bool says_nothing() const;
  bool send_held();
  Moved failed(int result);
  void release_buffers();
  void fail_handshake(int result);
  std::size_t gather(std::span<const Bytes> pieces, std::size_t& piece, std::size_t& offset);

  std::unique_ptr<Transport> below_;
  Buffer first_;  // was read before TLS began
  Buffer held_;   // the socket would not take it
  Connection connection_;
  TlsScratch& scratch_;
  TlsFacts& facts_;
  std::unique_ptr<Observer> observer_;
  Below below_state_ = Below::open;
  int below_error_ = 0;
  bool input_was_plain_ = false;  // the first byte was no record's
  bool saw_input_ = false;
  bool input_drained_ = false;  // the last read from below took all there was
  bool ending_ = false;
  unsigned barren_ = 0;  // records and handshake messages since the last byte of the application's
  unsigned work_ = 0;    // of this call, in records
};

}  // namespace hyalite
