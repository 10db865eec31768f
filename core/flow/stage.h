// What a stage may ask of its flow, and may say.
// SPDX-License-Identifier: MIT
//
// A stage is what a flow is doing now. It does no I/O: bytes in, effects and an outcome out. It does not know its
// successor: the route does (route.h). So a stage is tested as a conversation, without sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "flow/reason.h"
#include "plugin/decision.h"

namespace hyalite {

enum class Side { client, upstream };
constexpr Side other(Side side) { return side == Side::client ? Side::upstream : Side::client; }
constexpr std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

// ---- answers -------------------------------------------------------------------------------------------------------

struct Stay {};
// The sniffing is over.
struct Sniffed {
  enum class Found { tls, http1, http2_preface, server_first, other };
  Found found;
};
// HTTP ended: what follows is another protocol (RFC 9110, section 7.8) ...
struct Upgraded {
  std::string protocol;  // as the 101 names it, lower case
};
// ... or the tunnel of a CONNECT that succeeded (section 9.3.6), which is sniffed anew.
struct TunnelOpened {};
// The ClientHello was read, or cannot be read; it stays unread for whoever comes next.
struct HelloRead {
  bool readable;
};
// A side's TLS handshake is over; the flow's file says how it went.
struct Secured {
  Side side;
};
// Nobody shall look any more: a plugin said so, or the operator's bypass list.
struct PassedThrough {
  Uninspected why;
};
// How a connection is closed, or not.
enum class Ending : std::uint8_t {
  in_order,  // after everything was sent, with a FIN; what still comes is read, so that it does not reset what the peer has not read yet
  agreed,    // likewise, and the peer has said that it sends no more: where nothing waits, there is nothing to wait for
  reset,     // at once with an RST, so that what was cut short cannot be taken for whole
  kept,      // not: an upstream's is left, at rest, for a later flow
};
struct Close {
  CloseReason reason;
  Ending client = Ending::in_order;
  Ending upstream = Ending::in_order;
};
// A plugin let the whole flow wait, at the moment that `at` names, and now all plugins have spoken about it.
struct Opened {};
using Moment = std::variant<Opened, Sniffed, HelloRead, Secured>;
struct Heard {
  Answer answer;  // not paused
  Moment at;
};
using Outcome = std::variant<Stay, Sniffed, HelloRead, Secured, Upgraded, TunnelOpened, PassedThrough, Heard, Close>;

// How much of the input a stage used, and what it says.
struct Taken {
  std::size_t bytes = 0;
  Outcome outcome = Stay{};
};

// Which connection to an upstream will do: only a new one, or one that an earlier flow left, too.
enum class Which { fresh, any };

// ---- effects -------------------------------------------------------------------------------------------------------

// What a stage wants done, in order; the flow carries it out when the call returns.
class Effects {
 public:
  // The bytes are lent until the flow has carried this out: input just given, an arena of the stage, or a literal.
  void send(Side to, Bytes bytes) {
    if (!bytes.empty()) out_[index_of(to)].push_back(bytes);
  }
  void send_owned(Side to, std::string bytes) {
    if (!bytes.empty()) send(to, owned_.emplace_back(std::move(bytes)));
  }
  // Keeps what lent bytes lie in until the flow has carried this out.
  template <class T, class End>
  void keep(std::unique_ptr<T, End> owner) {
    kept_.emplace_back(owner.release(), [](void* kept) { End{}(static_cast<T*>(kept)); });
  }
  // After all that was sent: no more (FIN).
  void end(Side to) { ended_[index_of(to)] = true; }
  // Connect the upstream leg; on_connected or on_connect_failed follows; or on_kept_connection, if any will do. `instead`: not
  // where the client was going, but where a plugin redirected it.
  void connect(std::optional<Address> instead = std::nullopt, Which which = Which::fresh) { connect_ = Connect{std::move(instead), which}; }
  // The side's connection becomes TLS, as the flow's file says; on_secured follows. What the client sent and nobody took
  // is the beginning of its handshake.
  void secure(Side side) { secure_[index_of(side)] = true; }
  // Close the upstream leg, so that connect may be asked for again. `how`: in_order, or a reset where a message was cut short.
  void disconnect_upstream(Ending how = Ending::in_order) { disconnect_ = how; }

  struct Connect {
    std::optional<Address> instead;
    Which which = Which::fresh;
  };

  // For the flow (and for tests).
  const std::vector<Bytes>& to(Side side) const { return out_[index_of(side)]; }
  bool ends(Side side) const { return ended_[index_of(side)]; }
  const std::optional<Connect>& connect_wanted() const { return connect_; }
  std::optional<Ending> disconnect_wanted() const { return disconnect_; }
  bool secure_wanted(Side side) const { return secure_[index_of(side)]; }
  void forget_sent() {
    out_[0].clear();
    out_[1].clear();
    ended_[0] = ended_[1] = false;
    // After most calls there is nothing, and clearing a deque that is empty costs.
    if (!owned_.empty()) owned_.clear();
    if (!kept_.empty()) kept_.clear();
  }
  void clear() {
    forget_sent();
    connect_.reset();
    disconnect_.reset();
    secure_[0] = secure_[1] = false;
  }

 private:
  std::vector<Bytes> out_[2];
  bool ended_[2] = {false, false};
  std::deque<std::string> owned_;  // a deque: views into it stay valid while it grows
  std::vector<std::unique_ptr<void, void (*)(void*)>> kept_;
  std::optional<Connect> connect_;
  std::optional<Ending> disconnect_;
  bool secure_[2] = {false, false};
};

// ---- the stage -----------------------------------------------------------------------------------------------------

// The last but two: connected, but the TLS handshake failed, or the certificate is not the one that was accepted before.
enum class ConnectFailure { refused, timed_out, unreachable, no_source_port, loop, blocked, tls_failed, untrusted, other };

// Bytes from which on it pays to let them pass inside of the kernel: fewer are read and written.
inline constexpr std::uint64_t kLong = 32 * 1024;
// What is read where a head is awaited: all of a head, but little of a body that could pass inside of the kernel.
inline constexpr std::size_t kReadForHead = 16 * 1024;

class Stage {
 public:
  virtual ~Stage() = default;

  // Once, before anything else. `upstream_connected`: a predecessor connected already.
  virtual Outcome on_start(bool upstream_connected, Effects& effects) = 0;
  // All the bytes of that side not taken before, never empty; called only while wants(side). Bytes not taken come
  // again in front of later ones, and again after any other event.
  virtual Taken on_bytes(Side from, Bytes bytes, Effects& effects) = 0;
  // That side sends no more (FIN); `left` are bytes not taken. Once per side.
  virtual Outcome on_end(Side from, Bytes left, Effects& effects) = 0;
  virtual Outcome on_connected(Effects& effects) = 0;
  // As on_connected, but upstream may have closed it a moment ago.
  virtual Outcome on_kept_connection(Effects& effects) { return on_connected(effects); }
  virtual Outcome on_connect_failed(ConnectFailure failure, Effects& effects) = 0;
  // The TLS handshake that was asked for is over, well or not: the flow's file knows.
  virtual Outcome on_secured(Side, Effects&) { return Stay{}; }
  // The time that deadline() named has come.
  virtual Outcome on_deadline(Effects& effects) = 0;
  // That side's connection broke (reset, or a failure of the network).
  virtual Outcome on_broken(Side side, Effects& effects) = 0;
  // Something that a plugin let wait may go on: whoever has a pause looks whether it is ready.
  virtual Outcome on_resumed(Effects&) { return Stay{}; }
  // A newer generation serves: end as soon as nobody is hurt.
  virtual Outcome on_drain(Effects&) { return Stay{}; }

  // The flow is about to end for this reason; the stage is not called again. Whoever counts or records does it now.
  virtual void on_closing(CloseReason) {}

  // Would bytes of that side be of use now? Derived from the stage's state, asked again after each event.
  virtual bool wants(Side side) const = 0;
  // Is it in the middle of what that side says? Then an end or a break of it is asked for at once; otherwise a read that took all
  // there was saves the next one, and the kernel tells.
  virtual bool awaits_rest(Side) const { return true; }
  // How many bytes are worth reading at once?
  virtual std::size_t reads_at_once(Side) const { return SIZE_MAX; }
  // So many bytes from that side may go to the other one as they are, without being shown, and belong to what is long enough
  // (kLong) for passing inside of the kernel; 0: none.
  virtual std::uint64_t passes_unseen(Side) const { return 0; }
  // So many did.
  virtual Outcome on_passed(Side, std::uint64_t /*bytes*/, Effects&) { return Stay{}; }
  // Some of what waited for that side has left: it does not stand still. Nothing of what leaves at once is told.
  virtual void on_sent(Side) {}
  // Has it something to say to that side, of its own or held until now, as soon as that takes it? Then on_room() is called, again
  // and again.
  virtual bool has_more(Side) const { return false; }
  // Bytes of that which was held until now.
  virtual std::size_t held() const { return 0; }
  virtual Outcome on_room(Side, Effects&) { return Stay{}; }
  virtual std::optional<Monotonic> deadline() const { return std::nullopt; }
  virtual std::string_view name() const = 0;
};

}  // namespace hyalite
